"""Word classes of English that the rules rest on: closed classes and heads of names, all in lower case."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FIRST = words("i me myself we us ourselves")
MY = words("my our mine ours")
WEEKDAYS = words(
    "monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays "
    "sundays mon tue tues wed thu thur thurs fri sat sun"
)
MONTHS = words(
    "january february march april may june july august september october november december jan feb mar apr jun jul aug "
    "sep sept oct nov dec"
)
HE = words("he him his himself")
SHE = words("she her hers herself")
THEY = words("they them their theirs themselves")
FEMALE = words(
    "wife girlfriend mother mom mum mama sister daughter niece aunt grandmother grandma fiancée woman girl "
    "lady queen bride stepmother stepsister granddaughter"
)
MALE = words(
    "husband boyfriend father dad papa brother son nephew uncle grandfather grandpa fiancé man boy guy king groom "
    "stepfather stepbrother grandson"
)
# relation of (owner, person) for "owner's noun is person"; "-" before it turns the two round
KIN = {
    **dict.fromkeys(("wife", "husband", "spouse", "hubby"), "MARRIED_TO"),
    **dict.fromkeys(
        ("partner", "girlfriend", "boyfriend", "fiancé", "fiancée", "fiance", "fiancee", "gf", "bf"), "PARTNER_OF"
    ),
    **dict.fromkeys(
        ("son", "daughter", "kid", "child", "baby", "twin", "triplet", "toddler", "stepson", "stepdaughter"),
        "PARENT_OF",
    ),
    **dict.fromkeys(
        ("mother", "father", "mom", "dad", "mum", "mama", "papa", "parent", "stepmother", "stepfather"), "-PARENT_OF"
    ),
    **dict.fromkeys(("brother", "sister", "sibling", "bro", "stepbrother", "stepsister"), "SIBLING_OF"),
    **dict.fromkeys(("friend", "buddy", "bestie", "pal", "bff", "mate"), "FRIEND_OF"),
    **dict.fromkeys(("boss", "manager", "supervisor"), "-MANAGES"),
}
PEOPLE = (
    frozenset(KIN)
    | FEMALE
    | MALE
    | words(
        "cousin colleague coworker neighbor neighbour roommate flatmate housemate classmate teammate client customer "
        "acquaintance grandparent relative in-law sister-in-law brother-in-law mother-in-law father-in-law person "
        "guest stranger folk stepchild godson goddaughter mentee"
    )
)
PETS = words(
    "pet dog cat puppy kitten parrot hamster rabbit bunny tortoise turtle goldfish fish hen chicken horse pony bird "
    "budgie canary gecko lizard snake ferret pup kitty retriever terrier poodle beagle labrador lab collie spaniel "
    "bulldog dachshund corgi husky shepherd greyhound chihuahua pug tabby guinea betta"
)
ROLES = words(
    "engineer developer nurse doctor teacher chef cook manager director analyst designer consultant lawyer attorney "
    "accountant scientist writer author editor journalist artist musician singer drummer guitarist actor actress "
    "specialist expert coordinator assistant secretary president ceo cto cfo coo cmo vp pm founder co-founder owner "
    "maintainer mentor mentee coach trainer therapist dermatologist dentist physician surgeon psychologist "
    "psychiatrist specialist pediatrician veterinarian vet professor lecturer researcher tutor instructor student "
    "intern apprentice architect planner pilot driver electrician plumber carpenter mechanic farmer baker barista "
    "bartender waiter waitress librarian pharmacist paramedic firefighter officer policeman detective soldier "
    "realtor agent broker banker cashier clerk translator interpreter photographer videographer filmmaker producer "
    "programmer administrator admin recruiter representative rep marketer strategist entrepreneur freelancer "
    "contractor supervisor lead leader chair chairman chairwoman captain chairperson treasurer comedian model dancer "
    "choreographer principal dean landlord landlady boss head minister pastor priest judge mayor senator economist "
    "biologist chemist physicist mathematician statistician historian nutritionist dietitian physiotherapist "
    "optometrist hairdresser barber stylist tailor florist gardener landscaper caterer receptionist podcaster blogger "
    "youtuber streamer"
)
ROLE_ENDINGS = (
    *("ologist", "ician", "trist", "therapist", "engineer", "manager", "writer", "maker", "keeper", "smith"),
    *("ator", "grapher", "worker"),
)
NO_ROLES = words("collaborator fan lover member user believer beginner owner speaker")

PLACE_HEADS = words(
    "museum gallery park garden gardens theater theatre amphitheatre amphitheater arena stadium hall ballroom center "
    "centre airport station zoo aquarium shrine temple cathedral castle palace fort tower bridge beach island islands "
    "lake river mountain mountains mount valley canyon falls bay coast desert forest hotel hostel inn resort hilton "
    "lodge estate manor villa square street avenue road boulevard lane plaza market mall raceway speedway speedpark "
    "circuit track trail peninsula county province district city town village restaurant cafe café bar pub diner "
    "bistro osteria trattoria brewery winery vineyard farm harbor harbour pier marina reservoir springs ridge hills "
    "heights reserve sanctuary region campus monument memorial cemetery opera studios library"
)
ORG_HEADS = words(
    "university college school academy institute hospital clinic church inc inc. gmbh ltd ltd. llc corp corp. co. co "
    "company group union association society foundation bank labs lab laboratories agency team club league band "
    "orchestra choir studio department ministry council committee bureau airlines airways motors foods logistics "
    "analytics systems technologies technology solutions partners consulting ventures capital media energy "
    "pharmaceuticals pharma health healthcare insurance shelter bakery records press brothers division brewing "
    "party organization organisation federation charity network"
)
STUDY_HEADS = words("university college school academy institute polytechnic bootcamp conservatory faculty")
MEMBERSHIPS = words(
    "club group union team band choir league society association community committee board federation studio gym "
    "orchestra network party council circle guild chapter cooperative co-op"
)
EVENT_HEADS = words(
    "festival fest conference summit marathon cup olympics tournament championship championships playoffs series bowl "
    "expo fair convention parade gala exhibition exhibit hackathon workshop carnival retreat symposium concert "
    "competition challenge awards event show celebration webinar regatta derby"
)
FEASTS = words(
    "christmas thanksgiving easter halloween hanukkah diwali holi eid ramadan passover purim vesak kwanzaa midsummer "
    "juneteenth oktoberfest nowruz songkran mardi"
)
PRODUCT_HEADS = words("app project platform software tool framework library game podcast album song ep book novel")
WORKS = words(
    "book novel film movie song album ep single play musical podcast series show memoir poem painting documentary "
    "magazine story record track ballet opera comic manga anime game essay poetry"
)
UNITS_OF_ORG = words("team group division department squad unit committee board club band")

DEGREES = words(
    "degree bachelor bachelors master masters mba phd doctorate undergrad undergraduate diploma associate major minor "
    "b.a. b.sc. m.a. m.sc. bsc msc ba ma bs ms certificate certification distinction"
)
# nothing that one would want a node for
NO_NAMES = DEGREES | words(
    "gpa ceo cto cfo coo cmo vp pm hr it qa ai ml ui ux tv dj diy faq pdf url api id ok okay lol omg btw fyi asap aka "
    "usb led gps wifi wi-fi pc am pm i'm i hi hey hello thanks yes no dear ps user users assistant q&a uti ent mri bbq "
    "covid vip rsvp eta adhd ptsd pr css html sql json cv cs kpi roi seo b2b crm imo mr mrs ms dr prof dna ac gym "
    "father mother god sir madam mom mum dad grandma grandpa aunt uncle xmas internet bluetooth first-class english"
)
HONORIFICS = words("dr dr. mr mr. mrs mrs. ms ms. mx prof prof. professor sir dame lady lord father sister rev rev. st")

HEDGES = words("maybe perhaps possibly probably hopefully potentially almost nearly supposedly allegedly apparently")
# verbs between a subject and what it does
ASPECT = words("start begin keep continue stop quit use cease finish get go love like enjoy hate prefer")
STOPPING = words("stop quit cease use finish")  # "used to work": it is over
CAUSING = words("ask tell get help make let encourage convince")  # "getting Emily to audition": Emily does it
INTENDING = words("want plan hope intend wish aim try need look expect dream think consider")
# what follows them is somebody's word or belief; a speaker stands for what KNOWING says
KNOWING = words("know say tell mention realise realize remember note forget learn discover remind see announce confirm")
REPORTING = KNOWING | words(
    "think believe claim suppose imagine guess assume hope wish doubt pretend hear dream expect feel suggest argue "
    "fear insist swear suspect consider bet read write reckon ask wonder deny"
)
UNTELLING = words("new old own first last other such favorite favourite current")  # adjectives that narrow nothing
# nouns that one doesn't own, whatever their ending
ABSTRACT = words(
    "idea time plan problem issue chance goal interest habit trouble fun blast look luck doubt thought call dinner "
    "lunch breakfast party degree job career allergy headache cold fever pain flight trip holiday event class lesson "
    "routine deadline exam test access impact effect way thing lot bit ton kind sort number amount day week month "
    "year hour minute night morning evening weekend budget choice option knowledge skill word name birthday ticket "
    "deal gig "
    "role work task project list family crush date visit score grade result success progress break rest one some it "
    "them "
    "something anything nothing everything help advice feedback say part stuff tip total space room"
)
ABSTRACT_ENDINGS = ("tion", "sion", "ment", "ness", "ity", "ance", "ence", "ship", "ism", "ing", "ure", "itis", "ache")

VAGUE = words("idea time way thing lot bit kind sort one some it them something anything nothing everything stuff look")
