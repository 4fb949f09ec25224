"""Serves the sample service with mutual TLS: `python served_with_tls.py PORT OPS_PORT CERTIFICATE KEY CA CALLERS`."""

import sys
from pathlib import Path

from service_under_test import ServiceUnderTest

from cnop_platform.mutual_tls import MutualTls
from cnop_platform.serve import serve

if __name__ == "__main__":
    port, ops_port, certificate, key, ca, callers = sys.argv[1:]
    tls = MutualTls(certificate=Path(certificate), key=Path(key), ca=Path(ca), callers=frozenset(callers.split(",")))
    serve(ServiceUnderTest().app, host="127.0.0.1", port=int(port), tls=tls, ops_port=int(ops_port))
