"""Names for invented companies."""

import re
from itertools import product

import numpy as np

FIRST = """
    Alder Amberline Arbor Bayside Beacon Birchwood Bluewater Bramble Brightwell Calder Canopy
    Cascade Cedar Cinder Clearview Copperfield Dovetail Driftwood Eastgate Ember Fairhaven
    Fernhill Foxglove Granite Greystone Hartwell Hawthorn Heron Highmoor Ironbridge Juniper
    Kingfisher Lakeshore Larch Limestone Maplewood Marlowe Meridian Millbrook Northgate
"""
SECOND = """
    Analytics Bank Biotech Clinics Education Energy Foods Freight Games Insurance Labs Legal
    Logistics Media Mobility Retail Robotics Software Systems Travel
"""


def company_names(count: int, rng: np.random.Generator) -> list[str]:
    """Different names, such as "Alder Logistics"."""
    every = [f"{first} {second}" for first, second in product(FIRST.split(), SECOND.split())]
    return [every[place] for place in rng.permutation(len(every))[:count]]


def slug(name: str) -> str:
    """The name as part of an id or a domain: `alder-logistics`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
