"""The program from outside: real processes against served CRMs."""
