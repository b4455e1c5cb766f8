"""What travels: capture on the loopback interface, TCP as segments, and the picture of it."""
