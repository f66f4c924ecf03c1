"""What people write in direct messages. Slots: {product} {event} {brand}."""

# Conversations: what people write in, in order; a later line follows from the earlier ones.
CONVERSATIONS = (
    (
        "Hi! Is the {product} still available?",
        "Great, and do you ship it to other countries?",
        "Perfect, I will order today. Thank you!",
    ),
    (
        "Hello, my order with the {product} has not arrived yet.",
        "It was placed nine days ago.",
        "The number is on the receipt, ends in 417.",
        "Thanks for looking into it!",
    ),
    (
        "Do you do anything for companies? We are about 30 people.",
        "Something around the {event} would be lovely.",
        "Could you send me prices?",
    ),
    ("Your last story made me laugh so hard 😂",),
    ("I just wanted to say that the {product} is wonderful.", "My whole family is asking for it now."),
    (
        "Hi {brand}, I write about small businesses and would love to work with you.",
        "I have about 12k followers, mostly local.",
        "Shall I send you some ideas?",
    ),
    ("What are your opening hours during the {event}?", "And can I bring my kids?", "Lovely, see you then!"),
    (
        "Is the {product} suitable for beginners?",
        "I have never tried anything like it.",
        "OK, I'll start with the small one.",
    ),
    ("Hello dear, we can bring you 10,000 followers in one week, see promo.example",),
    (
        "The {product} I bought last week has a small defect.",
        "I can send a photo if that helps.",
        "A replacement would be great.",
        "Received it today, thank you for the quick help!",
    ),
    ("That colour in your story!! Is that the {product}?", "I need it in my life."),
    (
        "Can I change the date of my booking for the {event}?",
        "Next Saturday would be better.",
        "You are the best, thanks.",
    ),
    ("Do you have a gift card?", "I need one for my brother's birthday, he loves the {product}."),
    ("Quick question: how do I look after the {product}?", "Good to know, thank you!"),
    (
        "Are you hiring at the moment?",
        "I have worked in the field for three years.",
        "Sent you my CV by mail.",
    ),
    ("Is there a waiting list for the {product}?", "Please put me on it!"),
    (
        "I think I was charged twice for the {product}.",
        "Yes, both on the same day.",
        "Thanks, I see the refund now.",
    ),
    ("Hey! Loved the {event}. Will there be another one?", "Count me in."),
    (
        "The discount code from your story does not work for me.",
        "It says that it has expired.",
        "Works now, thank you!",
    ),
    (
        "Could you hold one {product} for me until the weekend?",
        "The name is on my profile.",
        "Wonderful, I'll come by on Saturday.",
    ),
    ("Is there parking near the {event}?", "We would come with two cars.", "Perfect, that helps."),
    ("My friend told me about the {product}. What makes it special?", "Sounds like I have to try it."),
    ("Do you deliver the {product}?", "About an hour from you, I think.", "That would be brilliant."),
    ("How many places are left for the {event}?", "There would be four of us.", "Booked, see you there."),
    (
        "I can't log in to pay for the {product}.",
        "It asks for a code that never comes.",
        "It worked, thank you.",
    ),
    ("The {event} was the best evening I have had in a long time.", "Please thank the whole team."),
    (
        "Would you lend us a {product} for a school raffle?",
        "It is for the library.",
        "The children will be so happy.",
    ),
    ("Is the {product} the one from your last video?", "I knew it!"),
    ("What would you recommend to somebody who already has the {product}?", "Good idea, I'll take that."),
    ("I run a small shop and would like to sell the {product}.", "Do you have a price list for traders?"),
    ("Made my mum try the {product} and now she wants one too 😄", "You have a new fan."),
    ("Is it possible to return the {product}?", "It is unopened.", "That was easy, thanks."),
    ("Do I need to bring anything to the {event}?", "First time for me.", "Can't wait now."),
    ("Your reply on the {product} post was so kind.", "Just wanted to tell you."),
    (
        "I would love to film at the {event} for my channel.",
        "It would only take an hour.",
        "I'll send a plan.",
    ),
    ("Earn more with your page, dear {brand}. Details at growth.example",),
    ("When will the {product} be back?", "I'll wait then.", "Just saw it, ordered."),
)
GREETED = ("Hi", "Hello", "Hey", "Good", "Earn")
GREETINGS = (
    "",
    "",
    "",
    "Hi! ",
    "Hello! ",
    "Hey, quick one. ",
    "Hi there! ",
    "Good evening! ",
    "Hi {brand}! ",
)
FAREWELLS = ("", "", "", " 😊", " 🙌", " Have a nice day!", " Best wishes", " ❤️")
