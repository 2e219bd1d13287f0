"""The shipped field mappings as data files, copied into every new installation; `README.md` explains them."""
