"""How fast: budgets, throttles, windows. Bytes never come here; time is an argument."""
