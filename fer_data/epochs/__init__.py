"""Which sample stands where in an epoch, and which repeat it is: no pixels."""
