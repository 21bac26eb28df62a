"""The optimizer contract: what an implementation must keep besides its formula."""
