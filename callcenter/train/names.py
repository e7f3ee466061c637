"""Names that customers have, and of where they live: frequent ones in English-speaking countries, and those of our
grammars and demo CRM."""

from typing import Final

from callcenter.background.crm.seed import CITIES, FIRST, LAST
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

FREQUENT_PLACES: Final = """
    alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii idaho
    illinois indiana iowa kansas kentucky louisiana maine maryland massachusetts michigan minnesota mississippi
    missouri montana nebraska nevada ohio oklahoma oregon pennsylvania tennessee texas utah vermont wisconsin
    wyoming atlanta boston chicago dallas denver detroit houston miami philadelphia pittsburgh seattle portland
    sacramento oakland fresno anaheim riverside stockton bakersfield berkeley fremont pasadena burbank irvine
    oxnard modesto tucson mesa scottsdale tempe chandler albuquerque omaha lincoln tulsa wichita topeka
    minneapolis milwaukee cincinnati cleveland toledo akron dayton youngstown indianapolis louisville lexington
    nashville memphis knoxville chattanooga birmingham montgomery huntsville tuscaloosa savannah augusta macon
    athens tampa orlando tallahassee jacksonville hialeah gainesville pensacola charlotte raleigh durham
    greensboro asheville charleston columbia greenville richmond norfolk roanoke alexandria arlington baltimore
    annapolis wilmington newark trenton camden princeton hoboken albany buffalo rochester syracuse utica troy
    schenectady yonkers ithaca poughkeepsie manhattan brooklyn queens bronx harlem hartford bridgeport stamford
    providence worcester lowell salem concord burlington bangor nashua manchester springfield peoria rockford
    evanston aurora naperville joliet madison lansing flint kalamazoo duluth fargo bismarck sioux cheyenne
    boulder pueblo laramie provo ogden boise spokane tacoma olympia bellevue everett yakima eugene bend medford
    anchorage juneau fairbanks honolulu austin plano laredo lubbock amarillo galveston corpus waco shreveport
    lafayette biloxi jackson mobile tupelo newport plymouth cambridge oxford bristol london leeds liverpool
    sheffield nottingham leicester coventry derby brighton southampton portsmouth norwich exeter york durham
    newcastle sunderland bradford hull bolton preston glasgow edinburgh aberdeen dundee inverness cardiff
    swansea belfast dublin cork limerick galway toronto montreal vancouver ottawa calgary edmonton winnipeg
    quebec halifax hamilton kingston regina saskatoon victoria ontario manitoba alberta sydney melbourne
    brisbane perth adelaide canberra hobart darwin cairns auckland wellington christchurch dunedin mumbai delhi
    bangalore chennai hyderabad kolkata pune nairobi lagos accra johannesburg pretoria durban singapore manila
    waterloo windsor chester lancaster newton clinton fairfield georgetown clayton dover milton ashland
"""
"""A word each: of "new york" and "los angeles" both are known already."""

AMBIGUOUS_PLACES: Final = """
    mobile bend flint mesa cork reading hull preston derby queens regina victoria jackson austin charlotte madison
    lincoln hamilton chandler aurora corpus sioux buffalo concord jordan chester clinton clayton newton georgia eugene
"""

AMBIGUOUS: Final = """
    mark frank jack christian jordan grace austin mason jean amber virginia victoria charlotte madison bill will
    rose brown white green young king hill wright baker cook turner walker hall wood price gray long bell west
    ford cole ward parker cooper butler fisher foster brooks reed cross day page rice perry howard cox sean
    carol jesse dawson unger vance mill lee james thomas scott alexander morris martin kelly ali ana ann
"""

GIVEN: Final = tuple(sorted({*NAMES, *FIRST.lower().split(), *FREQUENT_GIVEN.split()}))
FAMILY: Final = tuple(sorted({*SURNAMES, *LAST.lower().split(), *FREQUENT_FAMILY.split()}))
PLACES: Final = tuple(sorted({*(city.lower() for city, _ in CITIES), *FREQUENT_PLACES.split()}))
COMMON_WORDS: Final = frozenset(AMBIGUOUS.split())
"""Names that mean something else too, or are given and family names at once."""

TOWNS: Final = tuple(sorted(set(PLACES) - {*GIVEN, *FAMILY, *AMBIGUOUS_PLACES.split()}))
"""Places that are nothing else."""
