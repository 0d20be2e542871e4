"""The logic layer: what may be done, by whom, and what follows. Knows neither HTTP nor SQL."""
