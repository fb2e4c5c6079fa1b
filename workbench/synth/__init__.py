"""A made-up city: the extracts that a city's systems would deliver, with known faults. Nobody in it exists.

Shares no code with the reading side (`sources`), so that the two check each other.
"""

from workbench.synth.city import ENCODINGS, EXTRACTED_ON, FEWEST, MOST, CityError, CitySummary, make_city

__all__ = ["ENCODINGS", "EXTRACTED_ON", "FEWEST", "MOST", "CityError", "CitySummary", "make_city"]
