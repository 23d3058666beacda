"""Made-up places for the demo and the tests, and the scripts that make them."""
