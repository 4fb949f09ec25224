"""What is really drawn on a chart's canvases."""

from playwright.sync_api import Locator

_LINE_MS = 10_000
# How many pixels of a colour the fullest row of the widest layers has, which are not the axes'.
_FULLEST_ROW = """([chart, name]) => {
    const scratch = document.createElement('canvas').getContext('2d');
    scratch.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name);
    scratch.fillRect(0, 0, 1, 1);
    const wanted = scratch.getImageData(0, 0, 1, 1).data.slice(0, 3).join();
    const layers = [...chart.querySelectorAll('canvas')].filter(each => each.width > 0 && each.height > 0);
    const widest = Math.max(...layers.map(each => each.width));
    let most = 0;
    for (const layer of layers.filter(each => each.width === widest)) {
        const { data, width, height } = layer.getContext('2d').getImageData(0, 0, layer.width, layer.height);
        for (let row = 0; row < height; row += 1) {
            let count = 0;
            for (let at = row * width * 4; at < (row + 1) * width * 4; at += 4) {
                if (`${data[at]},${data[at + 1]},${data[at + 2]}` === wanted) count += 1;
            }
            most = Math.max(most, count / width);
        }
    }
    return most;
}"""
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


def wait_until_line(chart: Locator, colour: str, *, drawn: bool) -> None:
    """Return when a line from one side of a chart to the other is drawn in a colour, or is no more."""
    condition = f"([chart, name]) => (({_FULLEST_ROW})([chart, name]) > 0.3) === {'true' if drawn else 'false'}"
    # Not as patient as others: a line that stayed would leave the picture, too, when the price has moved away from it.
    chart.page.wait_for_function(condition, arg=[chart.element_handle(), colour], timeout=_LINE_MS)
