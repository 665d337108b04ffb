"""What tests stand on: real servers, and what starts them."""
