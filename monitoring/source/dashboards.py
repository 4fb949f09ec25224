"""The Grafana dashboards, built with Grafana's own library."""

from itertools import count
from typing import Any, Final

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement
from grafana_foundation_sdk.models.dashboard import DataSourceRef

from source.boards import BOARDS, Chart

SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")


def board(name: str) -> Any:
    """Give one dashboard."""
    title, rows = BOARDS[name]
    numbers = count(1)
    built = (
        dashboard.Dashboard(f"Order processor: {title}")
        .uid(f"cnop-{name}")
        .tags(["order-processor"])
        .readonly()
        .refresh("30s")
        .time("now-1h", "now")
        .timezone("browser")
        .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
    )
    for row, charts in rows:
        built = built.with_row(dashboard.Row(row).id(next(numbers)))
        for chart in charts:
            built = built.with_panel(_panel(chart).id(next(numbers)))
    return built.build()


def _panel(chart: Chart) -> Any:
    panel = stat.Panel().span(4).height(6) if chart.single else timeseries.Panel().span(8).height(8)
    panel = panel.title(chart.title).unit(chart.unit).datasource(SOURCE)
    if isinstance(panel, timeseries.Panel):
        legend = common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)
        panel = panel.min(0).legend(legend.show_legend(True))
    for letter, (legend_text, expr) in zip("ABCDEF", chart.lines.items(), strict=False):
        query = prometheus.Dataquery().expr(expr).legend_format(legend_text).datasource(SOURCE)
        panel = panel.with_target(query.ref_id(letter))
    return panel
