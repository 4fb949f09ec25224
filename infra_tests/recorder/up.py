"""`cnop`, except that what it starts also gets PYTHONPATH, and so the recorder beside this file."""

from cnop_cli.main import main
from cnop_cli.stack import plan

if __name__ == "__main__":
    plan._INHERITED = (*plan._INHERITED, "PYTHONPATH")
    main()
