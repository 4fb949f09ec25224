"""One description out of many, without one service's words changing another's meaning."""

from copy import deepcopy

from cnop_web.merging import merge


def described(path: str, schema: dict, **operation) -> dict:
    answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}}}
    return {
        "paths": {path: {"get": {"operationId": "read", "responses": {"200": answer}, **operation}}},
        "components": {"schemas": {"Item": schema}},
    }


def merged(**documents: dict) -> dict:
    return merge(documents, title="t", version="1")


def reference(document: dict, path: str) -> str:
    answer = document["paths"][path]["get"]["responses"]["200"]
    return answer["content"]["application/json"]["schema"]["$ref"]


def test_paths_get_the_gateway_s_prefix_and_lose_a_trailing_slash():
    assert list(merged(a=described("/x/", {}))["paths"]) == ["/api/v1/x"]


def test_equal_components_are_shared_and_different_ones_told_apart():
    one, other = {"type": "string"}, {"type": "integer"}
    document = merged(a=described("/a", one), b=described("/b", one), c=described("/c", other))
    assert document["components"]["schemas"] == {"Item": one, "c_Item": other}
    assert reference(document, "/api/v1/a") == reference(document, "/api/v1/b") == "#/components/schemas/Item"
    assert reference(document, "/api/v1/c") == "#/components/schemas/c_Item"


def test_a_renamed_component_s_own_references_follow():
    def tree(leaf: str) -> dict:
        document = described("/" + leaf, {"properties": {"next": {"$ref": "#/components/schemas/Leaf"}}, "title": leaf})
        document["components"]["schemas"]["Leaf"] = {"const": leaf}
        return document

    schemas = merged(a=tree("x"), b=tree("y"))["components"]["schemas"]
    assert schemas["b_Item"]["properties"]["next"]["$ref"] == "#/components/schemas/b_Leaf"
    assert schemas["Item"]["properties"]["next"]["$ref"] == "#/components/schemas/Leaf"


def test_a_component_that_reads_the_same_but_refers_to_another_meaning_is_told_apart():
    def tree(leaf: str) -> dict:
        document = described("/" + leaf, {"$ref": "#/components/schemas/Branch"})
        document["components"]["schemas"]["Branch"] = {"items": {"$ref": "#/components/schemas/Leaf"}}
        document["components"]["schemas"]["Leaf"] = {"const": leaf}
        return document

    document = merged(a=tree("x"), b=tree("y"))
    schemas = document["components"]["schemas"]
    assert reference(document, "/api/v1/y") == "#/components/schemas/b_Item"
    assert schemas["b_Item"]["$ref"] == "#/components/schemas/b_Branch"
    assert schemas["b_Branch"]["items"]["$ref"] == "#/components/schemas/b_Leaf"
    assert schemas["b_Leaf"] == {"const": "y"}
    assert schemas["Leaf"] == {"const": "x"}


def test_operation_ids_stay_unique():
    document = merged(a=described("/a", {}), b=described("/b", {}))
    assert [item["get"]["operationId"] for item in document["paths"].values()] == ["read", "b_read"]


def test_internal_operations_are_left_out():
    document = merged(a=described("/a", {}, **{"x-internal": True}), b=described("/b", {}))
    assert list(document["paths"]) == ["/api/v1/b"]


def test_a_document_s_general_security_is_said_of_each_of_its_operations():
    general = {**described("/a", {}), "security": [{"bearer": []}]}
    own = {**described("/b", {}, security=[]), "security": [{"bearer": []}]}
    document = merged(a=general, b=own, c=described("/c", {}))
    securities = [item["get"].get("security") for item in document["paths"].values()]
    assert securities == [[{"bearer": []}], [], None]


def test_members_shared_by_the_methods_of_a_path_are_kept():
    source = described("/a/{id}", {})
    source["paths"]["/a/{id}"]["parameters"] = [{"name": "id", "in": "path", "required": True}]
    assert merged(a=source)["paths"]["/api/v1/a/{id}"]["parameters"][0]["name"] == "id"


def test_what_is_merged_is_not_changed():
    documents = {"a": described("/a", {"x": 1}), "b": described("/b", {"x": 2})}
    before = deepcopy(documents)
    merged(**documents)
    assert documents == before
