"""New last layers for trained nets."""
