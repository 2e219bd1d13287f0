"""The words of the product as frozen values: no I/O, no clock, no behaviour beyond what the value itself knows."""
