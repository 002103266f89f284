"""`python -m rollbook` is the command `rollbook`."""

from rollbook.cli import main

if __name__ == "__main__":
    main()
