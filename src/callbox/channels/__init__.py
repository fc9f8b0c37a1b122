"""How it travels: the ways by which what is said reaches people, and comes from them."""
