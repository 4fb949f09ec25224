import pytest
from platform_client import API, GATEWAY, PAGE, SERVICES, client

pytestmark = pytest.mark.smoke


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_is_healthy_on_its_own_port(service):
    with client(SERVICES[service]) as http:
        for path in ("/health", "/health/live", "/health/ready"):
            answer = http.get(path)
            assert answer.status_code == 200
            assert answer.json()["status"] == "healthy"
            assert answer.headers["cache-control"] == "no-store"


def test_the_gateway_is_healthy():
    with client(GATEWAY) as http:
        document = http.get("/health").json()
    assert (document["status"], document["service"]) == ("healthy", "gateway")


def test_the_platform_reports_all_services_as_healthy():
    with client(API) as http:
        document = http.get("/health").json()
    assert document["status"] == "healthy", document


def test_the_page_is_served_and_names_no_third_party():
    with client(PAGE) as http:
        answer = http.get("/")
    assert answer.status_code == 200
    assert '<div id="root">' in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "http://" not in answer.text.replace(PAGE, "")
    assert "https://" not in answer.text


def test_the_merged_description_can_be_browsed():
    with client(API) as http:
        document = http.get("/openapi.json").json()
        assert document["openapi"].startswith("3.1")
        assert {"/api/v1/auth/login", "/api/v1/inventory/assets", "/api/v1/orders"} <= document["paths"].keys()
        docs = http.get("/docs")
    assert docs.status_code == 200
    assert "text/html" in docs.headers["content-type"]
