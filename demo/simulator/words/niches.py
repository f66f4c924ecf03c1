"""What each niche posts about. Slots: {product} {event} {brand}, and {close} for a closing line."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Niche:
    brand_first: tuple[str, ...]
    brand_last: tuple[str, ...]
    products: tuple[str, ...]
    events: tuple[str, ...]
    tags: tuple[str, ...]
    captions: tuple[str, ...]


_CAPTIONS = (
    "Say hello to our {product}. {close}",
    "We have been working on the {product} for months, and today it is finally here. {close}",
    "Behind the scenes: how the {product} comes together at {brand}. {close}",
    "Our {event} is coming up and we could not be more excited. {close}",
    "Thank you to everyone who came to our {event}! {close}",
    "You asked, we listened: the {product} is back. {close}",
    "Three things we learned while making the {product}. {close}",
    "Slow mornings at {brand}: a quiet hour with the {product}. {close}",
    "Meet the team behind the {product}. {close}",
    "Small batch, big love: our {product} in pictures. {close}",
    "Question of the day: what do you like most about the {product}? {close}",
    "A little peek at what we are planning for the {event}. {close}",
    "Customer favourite of the month: the {product}. {close}",
    "Save the date for our {event}. {close}",
    "What goes into the {product}? Here is how we think about it. {close}",
    "We gave the {product} a new look. {close}",
    "Two years of trying, one result we are proud of: the {product}. {close}",
    "If you have never tried our {product}, this is your sign. {close}",
    "The story of the {product} started with a customer's idea. {close}",
    "Not our easiest project: the {product}. {close}",
    "We asked the team at {brand} what they would pick, and everyone said the {product}. {close}",
    "Doors open, lights on: this was our {event}. {close}",
    "Who is joining us for the {event}? {close}",
    "Still smiling about the {event}. {close}",
    "Everything you need to know about our {event}. {close}",
    "Good things take time. The {product} took a little more. {close}",
)

NICHES = {
    "coffee": Niche(
        ("Juniper", "Copper", "Harbor", "Maple", "Lantern", "Willow", "Granite", "Amber"),
        ("& Oak Coffee", "Lane Roasters", "Coffee Works", "Street Coffee", "Hill Roastery"),
        (
            "house espresso",
            "cold brew",
            "single origin from Huila",
            "oat flat white",
            "filter blend",
            "decaf",
            "winter roast",
            "pour-over kit",
            "natural Ethiopian",
            "cinnamon cortado",
            "tasting box",
            "cascara tea",
        ),
        (
            "cupping evening",
            "latte art workshop",
            "harvest festival",
            "roastery open day",
            "brewing class",
            "barista jam",
        ),
        ("coffee", "specialtycoffee", "roastery", "espresso", "brewathome", "coffeelover", "pourover"),
        _CAPTIONS
        + (
            "Freshly roasted this morning: the {product}. {close}",
            "Grind a little finer for the {product}. Trust us. {close}",
            "First sip of the {product}, and the whole room went quiet. {close}",
            "The kettle is on. Today we are tasting the {product}. {close}",
            "Ask our baristas about the {product} and bring some time. {close}",
            "A new bag on the shelf at {brand}: the {product}. {close}",
        ),
    ),
    "fitness": Niche(
        ("North", "Iron", "Summit", "Bright", "River", "Pulse", "Cedar", "Steady"),
        ("Movement Club", "Strength Studio", "Fitness", "Training House", "Gym & Yoga"),
        (
            "morning flow",
            "kettlebell class",
            "six-week challenge",
            "mobility session",
            "beginner programme",
            "lunch-break HIIT",
            "strength basics course",
            "spin class",
            "recovery workshop",
            "core express",
            "running group",
            "family pass",
        ),
        (
            "open house",
            "charity run",
            "summer bootcamp",
            "members' night",
            "handstand workshop",
            "step challenge",
        ),
        ("fitness", "strongertogether", "gymlife", "mobility", "workout", "training", "wellness"),
        _CAPTIONS
        + (
            "No perfect form on day one, just showing up: the {product}. {close}",
            "Twenty minutes is enough. Try our {product}. {close}",
            "Progress looks different for everybody. Here is what the {product} did for our members. {close}",
            "Shoes on, phone away: it is time for the {product}. {close}",
            "Our coaches at {brand} love the {product}, and so will your back. {close}",
            "All levels welcome at the {event}, as always. {close}",
        ),
    ),
    "fashion": Niche(
        ("Alder", "Linen", "Marlow", "Sable", "Ines", "Odette", "Fable", "Tessel"),
        ("& Thread", "Studio", "Atelier", "Clothing", "Wardrobe"),
        (
            "linen shirt",
            "wool cardigan",
            "recycled wool coat",
            "wrap dress",
            "denim jacket",
            "knitted vest",
            "silk scarf",
            "canvas tote",
            "pleated skirt",
            "rain parka",
            "organic tee",
            "leather belt",
        ),
        (
            "spring pop-up",
            "sample sale",
            "repair workshop",
            "runway evening",
            "studio open day",
            "styling session",
        ),
        ("fashion", "slowfashion", "ootd", "wardrobe", "style", "madetolast", "sustainablestyle"),
        _CAPTIONS
        + (
            "The {product}, three ways to wear it. {close}",
            "Cut, sewn and finished by hand: the {product}. {close}",
            "The {product} in a colour we have wanted to make for years. {close}",
            "Wear it, wash it, mend it: the {product} is made to last. {close}",
            "From first sketch to last stitch at {brand}: the {product}. {close}",
            "Three colours, one cut: the {product}. {close}",
        ),
    ),
}
CLOSES = (
    "What do you think?",
    "Tell us in the comments.",
    "Link in bio.",
    "See you soon!",
    "More next week.",
    "Made with care.",
    "Which one is yours?",
    "Come and try it.",
    "We cannot wait to hear from you.",
    "Available from today.",
    "Tag a friend who needs this.",
    "Thank you for being here.",
    "It means a lot to us.",
    "Limited for now.",
    "Sound on!",
    "Swipe for more.",
)
