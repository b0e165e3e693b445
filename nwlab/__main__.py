"""`python -m nwlab` is the command `nwlab`."""

from nwlab.cli import main

main()
