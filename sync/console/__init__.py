"""The console in a browser: a skin over views and rulings, with no business logic of its own."""
