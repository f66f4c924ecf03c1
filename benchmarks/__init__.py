"""What Perennial claims about its speed, as ratios against named peers in the same run: `make bench`."""
