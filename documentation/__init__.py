"""The documentation site: pages that are written from code and specs when it is built."""
