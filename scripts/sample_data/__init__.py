"""The parts of `scripts/sample.py`: what is sold, who comes, what they do."""
