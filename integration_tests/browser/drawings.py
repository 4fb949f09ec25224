"""What is really drawn on a chart's canvases."""

from playwright.sync_api import Locator

# Whether the widest layers, which are not the axes', hold one of the colours: in more rows than the line of the last
# price has.
_DRAWN = """([chart, names]) => {
    const rgb = name => {
        const scratch = document.createElement('canvas').getContext('2d');
        scratch.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name);
        scratch.fillRect(0, 0, 1, 1);
        return scratch.getImageData(0, 0, 1, 1).data.slice(0, 3).join();
    };
    const wanted = new Set(names.map(rgb));
    const layers = [...chart.querySelectorAll('canvas')].filter(each => each.width > 0 && each.height > 0);
    const widest = Math.max(...layers.map(each => each.width));
    const rows = new Set();
    for (const layer of layers.filter(each => each.width === widest)) {
        const { data, width } = layer.getContext('2d').getImageData(0, 0, layer.width, layer.height);
        for (let at = 0; at < data.length; at += 4) {
            if (wanted.has(`${data[at]},${data[at + 1]},${data[at + 2]}`)) rows.add(Math.floor(at / 4 / width));
        }
    }
    return rows.size > 10;
}"""


def wait_until_drawn(chart: Locator, *colours: str) -> None:
    """Return when a chart shows something in one of these colours, which are names of design tokens."""
    chart.page.wait_for_function(_DRAWN, arg=[chart.element_handle(), list(colours)])
