"""Tables of words, apart from the code that draws from them."""
