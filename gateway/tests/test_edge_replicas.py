"""Several processes of one service: a request that changes something arrives at one of them, and once."""

from pathlib import Path

import pytest

from .support import Keys, Service, free_port, running, serving

pytestmark = pytest.mark.enable_socket
TIMES = 6
READY = "/health/ready"


class HangsUp(Service):
    """Reads a request and goes away without an answer, as a process that crashes does; it is always ready."""

    def noticed(self) -> None:
        if self.seen[-1]["path"] != READY:
            self.hang_up()

    def requests(self) -> int:
        return sum(seen["path"] != READY for seen in self.seen)


def test_a_process_that_cannot_be_reached_costs_no_request_not_even_a_write(folder: Path, keys: Keys):
    with serving(Service("order_service")) as alive:
        # Nobody looks whether they are ready: the first requests find out.
        orders = {"port": free_port(), "replica_ports": [alive.port]}
        with running(folder, keys, {}, upstreams={**others(), "order_service": orders}) as gateway:
            for _ in range(TIMES):
                answer = gateway.request("POST", "/api/v1/orders", headers=keys.bearer("customer"), json={})
                assert answer.status_code == 200, answer.text
            assert sum(seen["method"] == "POST" for seen in alive.seen) == TIMES


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_what_a_process_may_have_seen_is_not_sent_to_another(folder: Path, keys: Keys, method: str):
    with serving(HangsUp("order_service")) as one, serving(HangsUp("order_service")) as two:
        orders = {"port": one.port, "replica_ports": [two.port], "ready_path": READY}
        with running(folder, keys, {}, upstreams={**others(), "order_service": orders}) as gateway:
            path = "/api/v1/orders" if method == "POST" else "/api/v1/orders/ord_0123456789"
            for _ in range(TIMES):
                answer = gateway.request(method, path, headers=keys.bearer("customer"))
                assert answer.status_code == 503, answer.text
            assert one.requests() + two.requests() == TIMES


def others() -> dict[str, dict[str, int]]:
    return {name: {"port": free_port()} for name in ("user_service", "inventory_service")}
