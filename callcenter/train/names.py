"""Names that customers have: frequent ones in English-speaking countries, and those of our grammars and demo CRM."""

from typing import Final

from callcenter.background.crm.seed import FIRST, LAST
from callcenter.callers.lines import NAMES, SURNAMES

FREQUENT_GIVEN: Final = """
    james john robert michael william david richard joseph thomas charles christopher daniel matthew anthony
    mark donald steven paul andrew joshua kenneth kevin brian george timothy ronald edward jason jeffrey ryan
    jacob gary nicholas eric jonathan stephen larry justin scott brandon benjamin samuel gregory alexander
    patrick frank raymond jack dennis jerry tyler aaron jose adam nathan henry zachary douglas peter kyle noah
    ethan jeremy walter christian keith roger terry austin sean gerald carl harold dylan arthur lawrence jordan
    jesse bryan billy bruce gabriel joe logan alan juan albert willie elijah wayne randy vincent mason roy ralph
    bobby russell bradley philip eugene mary patricia jennifer linda elizabeth barbara susan jessica sarah karen
    lisa nancy betty sandra margaret ashley kimberly emily donna michelle carol amanda melissa deborah stephanie
    dorothy rebecca sharon laura cynthia amy kathleen angela shirley brenda emma anna pamela nicole samantha
    katherine christine helen debra rachel carolyn janet maria catherine heather diane olivia julie joyce
    victoria ruth virginia lauren kelly christina joan evelyn judith andrea hannah megan cheryl jacqueline
    martha madison teresa gloria sara janice ann kathryn abigail sophia frances jean alice judy isabella julia
    grace amber denise danielle marilyn beverly charlotte natalie theresa diana brittany doris kayla alexis lori
    marie omar ahmed fatima mohammed ali wei priya raj carlos miguel luis ana sofia ivan olga hans ingrid pierre
    claire sonia sherry tom mike ben
"""

FREQUENT_FAMILY: Final = """
    smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez gonzalez wilson
    anderson thomas taylor moore jackson martin lee perez thompson white harris sanchez clark ramirez lewis
    robinson walker young allen king wright scott torres nguyen hill flores green adams nelson baker hall rivera
    campbell mitchell carter roberts gomez phillips evans turner diaz parker cruz edwards collins reyes stewart
    morris morales murphy cook rogers gutierrez ortiz morgan cooper peterson bailey reed kelly howard ramos kim
    cox ward richardson watson brooks chavez wood james bennett gray mendoza ruiz hughes price alvarez castillo
    sanders patel myers long ross foster jimenez powell jenkins perry russell sullivan bell coleman butler
    henderson barnes gonzales fisher vasquez simmons romero jordan patterson alexander hamilton graham reynolds
    griffin wallace west cole hayes bryant herrera gibson ellis tran medina stevens murray ford castro marshall
    owens harrison fernandez singh kumar shah khan chen wang liu yang cohen obrien mcdonald macdonald fraser
    schmidt schneider fischer weber meyer wagner becker muller novak kowalski ivanov petrov rossi
"""

AMBIGUOUS: Final = """
    mark frank jack christian jordan grace austin mason jean amber virginia victoria charlotte madison bill will
    rose brown white green young king hill wright baker cook turner walker hall wood price gray long bell west
    ford cole ward parker cooper butler fisher foster brooks reed cross day page rice perry howard cox sean
    carol jesse dawson unger vance mill lee james thomas scott alexander morris martin kelly ali ana ann
"""

GIVEN: Final = tuple(sorted({*NAMES, *FIRST.lower().split(), *FREQUENT_GIVEN.split()}))
FAMILY: Final = tuple(sorted({*SURNAMES, *LAST.lower().split(), *FREQUENT_FAMILY.split()}))
COMMON_WORDS: Final = frozenset(AMBIGUOUS.split())
"""Names that mean something else too, or are given and family names at once."""
