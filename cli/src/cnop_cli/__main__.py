"""`python -m cnop_cli` is the `cnop` command."""

from cnop_cli.main import main

main()
