"""What a check touches: the programs it starts, as servers or alone, its peers and its files."""
