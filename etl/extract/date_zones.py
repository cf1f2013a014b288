"""In which zone a publisher prints its times: zones of countries, abbreviations by country, local times as instants."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_COUNTRIES = """
ad=Europe/Andorra ae=Asia/Dubai af=Asia/Kabul ag=America/Antigua ai=America/Anguilla al=Europe/Tirane am=Asia/Yerevan
ao=Africa/Luanda ar=America/Argentina/Buenos_Aires as=Pacific/Pago_Pago at=Europe/Vienna aw=America/Aruba ax=Europe/Mariehamn
az=Asia/Baku ba=Europe/Sarajevo bb=America/Barbados bd=Asia/Dhaka be=Europe/Brussels bf=Africa/Ouagadougou bg=Europe/Sofia
bh=Asia/Bahrain bi=Africa/Bujumbura bj=Africa/Porto-Novo bl=America/St_Barthelemy bm=Atlantic/Bermuda bn=Asia/Brunei
bo=America/La_Paz bq=America/Kralendijk br=America/Sao_Paulo bs=America/Nassau bt=Asia/Thimphu bw=Africa/Gaborone
by=Europe/Minsk bz=America/Belize cd=Africa/Kinshasa cf=Africa/Bangui cg=Africa/Brazzaville ch=Europe/Zurich ci=Africa/Abidjan
ck=Pacific/Rarotonga cl=America/Santiago cm=Africa/Douala cn=Asia/Shanghai co=America/Bogota cr=America/Costa_Rica
cu=America/Havana cv=Atlantic/Cape_Verde cw=America/Curacao cy=Asia/Nicosia cz=Europe/Prague de=Europe/Berlin
dj=Africa/Djibouti dk=Europe/Copenhagen dm=America/Dominica do=America/Santo_Domingo dz=Africa/Algiers ec=America/Guayaquil
ee=Europe/Tallinn eg=Africa/Cairo eh=Africa/El_Aaiun er=Africa/Asmara es=Europe/Madrid et=Africa/Addis_Ababa
fi=Europe/Helsinki fj=Pacific/Fiji fk=Atlantic/Stanley fo=Atlantic/Faroe fr=Europe/Paris ga=Africa/Libreville gb=Europe/London
gd=America/Grenada ge=Asia/Tbilisi gf=America/Cayenne gg=Europe/Guernsey gh=Africa/Accra gi=Europe/Gibraltar gl=America/Nuuk
gm=Africa/Banjul gn=Africa/Conakry gp=America/Guadeloupe gq=Africa/Malabo gr=Europe/Athens gt=America/Guatemala
gu=Pacific/Guam gw=Africa/Bissau gy=America/Guyana hk=Asia/Hong_Kong hn=America/Tegucigalpa hr=Europe/Zagreb
ht=America/Port-au-Prince hu=Europe/Budapest id=Asia/Jakarta ie=Europe/Dublin il=Asia/Jerusalem im=Europe/Isle_of_Man
in=Asia/Kolkata iq=Asia/Baghdad ir=Asia/Tehran is=Atlantic/Reykjavik it=Europe/Rome je=Europe/Jersey jm=America/Jamaica
jo=Asia/Amman jp=Asia/Tokyo ke=Africa/Nairobi kg=Asia/Bishkek kh=Asia/Phnom_Penh km=Indian/Comoro kn=America/St_Kitts
kp=Asia/Pyongyang kr=Asia/Seoul kw=Asia/Kuwait ky=America/Cayman kz=Asia/Almaty la=Asia/Vientiane lb=Asia/Beirut
lc=America/St_Lucia li=Europe/Vaduz lk=Asia/Colombo lr=Africa/Monrovia ls=Africa/Maseru lt=Europe/Vilnius lu=Europe/Luxembourg
lv=Europe/Riga ly=Africa/Tripoli ma=Africa/Casablanca mc=Europe/Monaco md=Europe/Chisinau me=Europe/Podgorica
mf=America/Marigot mg=Indian/Antananarivo mk=Europe/Skopje ml=Africa/Bamako mm=Asia/Yangon mn=Asia/Ulaanbaatar mo=Asia/Macau
mp=Pacific/Saipan mq=America/Martinique mr=Africa/Nouakchott ms=America/Montserrat mt=Europe/Malta mu=Indian/Mauritius
mv=Indian/Maldives mw=Africa/Blantyre mx=America/Mexico_City my=Asia/Kuala_Lumpur mz=Africa/Maputo na=Africa/Windhoek
nc=Pacific/Noumea ne=Africa/Niamey nf=Pacific/Norfolk ng=Africa/Lagos ni=America/Managua nl=Europe/Amsterdam no=Europe/Oslo
np=Asia/Kathmandu nr=Pacific/Nauru nu=Pacific/Niue nz=Pacific/Auckland om=Asia/Muscat pa=America/Panama pe=America/Lima
pg=Pacific/Port_Moresby ph=Asia/Manila pk=Asia/Karachi pl=Europe/Warsaw pm=America/Miquelon pr=America/Puerto_Rico
ps=Asia/Gaza pt=Europe/Lisbon pw=Pacific/Palau py=America/Asuncion qa=Asia/Qatar re=Indian/Reunion ro=Europe/Bucharest
rs=Europe/Belgrade ru=Europe/Moscow rw=Africa/Kigali sa=Asia/Riyadh sb=Pacific/Guadalcanal sc=Indian/Mahe sd=Africa/Khartoum
se=Europe/Stockholm sg=Asia/Singapore sh=Atlantic/St_Helena si=Europe/Ljubljana sk=Europe/Bratislava sl=Africa/Freetown
sm=Europe/San_Marino sn=Africa/Dakar so=Africa/Mogadishu sr=America/Paramaribo ss=Africa/Juba st=Africa/Sao_Tome
sv=America/El_Salvador sx=America/Lower_Princes sy=Asia/Damascus sz=Africa/Mbabane tc=America/Grand_Turk td=Africa/Ndjamena
tg=Africa/Lome th=Asia/Bangkok tj=Asia/Dushanbe tk=Pacific/Fakaofo tl=Asia/Dili tm=Asia/Ashgabat tn=Africa/Tunis
to=Pacific/Tongatapu tr=Europe/Istanbul tt=America/Port_of_Spain tv=Pacific/Funafuti tw=Asia/Taipei tz=Africa/Dar_es_Salaam
ua=Europe/Kyiv ug=Africa/Kampala uk=Europe/London uy=America/Montevideo uz=Asia/Tashkent va=Europe/Vatican
vc=America/St_Vincent ve=America/Caracas vg=America/Tortola vi=America/St_Thomas vn=Asia/Ho_Chi_Minh vu=Pacific/Efate
wf=Pacific/Wallis ws=Pacific/Apia ye=Asia/Aden yt=Indian/Mayotte za=Africa/Johannesburg zm=Africa/Lusaka zw=Africa/Harare
"""
"""Country → zone of its newsrooms (CLDR; where there are several, that of the capital or of national time).

The United States, Canada and Australia are left out on purpose: their publishers spread over zones and a guess is wrong too often.
"""
ZONES: dict[str, str] = {code: zone for code, _, zone in (pair.partition("=") for pair in _COUNTRIES.split())}

_LANGUAGES = """
az=Asia/Baku be=Europe/Minsk bg=Europe/Sofia bs=Europe/Sarajevo cs=Europe/Prague da=Europe/Copenhagen de=Europe/Berlin
el=Europe/Athens et=Europe/Tallinn fi=Europe/Helsinki fil=Asia/Manila fo=Atlantic/Faroe ga=Europe/Dublin he=Asia/Jerusalem
hi=Asia/Kolkata hr=Europe/Zagreb hu=Europe/Budapest hy=Asia/Yerevan id=Asia/Jakarta is=Atlantic/Reykjavik it=Europe/Rome
ja=Asia/Tokyo ka=Asia/Tbilisi kk=Asia/Almaty km=Asia/Phnom_Penh ko=Asia/Seoul ky=Asia/Bishkek lb=Europe/Luxembourg
lo=Asia/Vientiane lt=Europe/Vilnius lv=Europe/Riga mk=Europe/Skopje mn=Asia/Ulaanbaatar ms=Asia/Kuala_Lumpur mt=Europe/Malta
my=Asia/Yangon nb=Europe/Oslo ne=Asia/Kathmandu nl=Europe/Amsterdam nn=Europe/Oslo no=Europe/Oslo pl=Europe/Warsaw
ro=Europe/Bucharest si=Asia/Colombo sk=Europe/Bratislava sl=Europe/Ljubljana sq=Europe/Tirane sr=Europe/Belgrade
sv=Europe/Stockholm tg=Asia/Dushanbe th=Asia/Bangkok tk=Asia/Ashgabat tr=Europe/Istanbul uk=Europe/Kyiv uz=Asia/Tashkent
vi=Asia/Ho_Chi_Minh zu=Africa/Johannesburg xh=Africa/Johannesburg af=Africa/Johannesburg gu=Asia/Kolkata mr=Asia/Kolkata
te=Asia/Kolkata kn=Asia/Kolkata ml=Asia/Kolkata or=Asia/Kolkata as=Asia/Kolkata fa=Asia/Tehran ca=Europe/Madrid eu=Europe/Madrid
gl=Europe/Madrid cy=Europe/London zh=Asia/Shanghai ta=Asia/Kolkata sw=Africa/Nairobi so=Africa/Mogadishu am=Africa/Addis_Ababa
ti=Africa/Addis_Ababa om=Africa/Addis_Ababa rw=Africa/Kigali ha=Africa/Lagos yo=Africa/Lagos ig=Africa/Lagos
"""
SPOKEN_IN: dict[str, str] = {code: zone for code, _, zone in (pair.partition("=") for pair in _LANGUAGES.split())}
"""Language → zone, for languages whose publishers share one zone (or nearly). Chinese is written at
UTC+8 from Beijing to Singapore. English, French, Spanish, Portuguese, Arabic, Russian, Bengali and Urdu are not here."""

_FIXED = """
utc=0 gmt=0 ut=0 z=0 wet=0 west=1 cet=1 mez=1 met=1 cest=2 mesz=2 mest=2 eet=2 eest=3 msk=3 edt=-4 cdt=-5 mdt=-6
pdt=-7 mst=-7 pst=-8 akst=-9 akdt=-8 hst=-10 adt=-3 nst=-3.5 ndt=-2.5 est=-5 cst=-6 brt=-3 art=-3 clt=-4 clst=-3
cot=-5 pet=-5 vet=-4 bot=-4 uyt=-3 ect=-5 wat=1 cat=2 sast=2 eat=3 trt=3 idt=3 irst=3.5 pkt=5 npt=5.75 bdt=6 mmt=6.5
ict=7 wib=7 wita=8 wit=9 hkt=8 sgt=8 myt=8 pht=8 awst=8 jst=9 kst=9 acst=9.5 acdt=10.5 aest=10 aedt=11 nzst=12 nzdt=13
"""
"""Abbreviation → hours east of Greenwich, where it means one thing only or a country below does not say otherwise."""
_HOURS: dict[str, float] = {name: float(hours) for name, hours in (pair.split("=", 1) for pair in _FIXED.split())}
_AMBIGUOUS = """
ist.in=5.5 ist.il=2 ist.ie=1 ist.lk=5.5 bst.gb=1 bst.uk=1 bst.bd=6 cst.cn=8 cst.tw=8 cst.cu=-5 cdt.cu=-4 est.au=10
edt.au=11 cst.au=9.5 wst.au=8 ast.sa=3 ast.kw=3 ast.iq=3 ast.qa=3 ast.ca=-4 ast.us=-4 ast.pr=-4 ast.tt=-4 ast.bb=-4
pst.ph=8 gst.ae=4 gst.om=4 mst.my=8 pst.pk=5 bdt.bn=8 ict.in=5.5
"""
"""What an abbreviation of several meanings says in a country: abbreviation.country=hours."""
_BY_COUNTRY: dict[str, float] = {
    name: float(hours) for name, hours in (pair.split("=", 1) for pair in _AMBIGUOUS.split())
}
_DEFAULT = {"ist": 5.5, "bst": 1, "gst": 4}
"""What an ambiguous abbreviation means when no country is known: only for pages in English (see `abbreviated`)."""
_DAYLIGHT = {
    "et": "America/New_York",
    "ct": "America/Chicago",
    "mt": "America/Denver",
    "pt": "America/Los_Angeles",
    "at": "America/Halifax",
}
"""Abbreviations that hold in summer and winter."""

PRINTED = re.compile(
    r"(?<![^\W\d_])(?:UTC|GMT|Z|UT)\s?(?P<offset>[+\-−–]\s?\d{1,2}(?::?\d\d)?)?(?![\w:])(?:\s*\([^)\d]{3,40}\))?"
    r"|(?<![^\W\d_])(?:[A-Z]{3,4}|ET|CT|MT|PT|AT)(?![\w'’-])(?=[\s,.;)|•·–-]|$)"
    r"|\b(?P<name>Eastern|Central|Mountain|Pacific|Atlantic)(?: (?:Standard|Daylight))?(?: Time)?\b"
)
"""A zone as printed in a label, in its own letter case: "cat" is no zone."""


def country_zone(country: str | None) -> str | None:
    """Return the zone of a country's newsrooms, or None when it is unknown or not one."""
    return ZONES.get((country or "").lower())


@lru_cache(maxsize=1024)
def named(zone: str | None) -> tzinfo | None:
    """Return an IANA zone or a fixed offset (`+01:00`, `UTC+5`), or None when *zone* is neither."""
    if not zone:
        return None
    if (offset := fixed(zone)) is not None:
        return offset
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@lru_cache(maxsize=1024)
def fixed(text: str) -> timezone | None:
    """Return `Z`, `+0100`, `-04:30` or `GMT+2` as a fixed offset, or None."""
    found = re.fullmatch(r"(?:utc|gmt|ut|z)?\s?(?:([+\-−–])\s?(\d{1,2})(?::?(\d\d))?)?", text.strip(), re.IGNORECASE)
    if not found or not text.strip():
        return None
    if not found[1]:
        return UTC
    delta = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    if delta > timedelta(hours=14):
        return None
    return timezone(delta if found[1] == "+" else -delta)


def abbreviated(text: str, country: str | None) -> tzinfo | None:
    """Return the zone that a printed abbreviation means in a country, or None when it is no zone or its meaning is open."""
    plain = re.sub(r"\(.*", "", text).strip()
    if (offset := fixed(plain)) is not None:
        return offset
    word = plain.lower()
    if " " in word or word in ("eastern", "central", "mountain", "pacific", "atlantic"):
        word = word[0] + "t"
    if word in _DAYLIGHT:
        return named(_DAYLIGHT[word])
    hours = _BY_COUNTRY.get(f"{word}.{(country or '').lower()}", _HOURS.get(word, _DEFAULT.get(word)))
    return timezone(timedelta(hours=hours)) if hours is not None else None


def instant(
    year: int, month: int, day: int, *, clock: tuple[int, int, int] = (0, 0, 0), zone: tzinfo
) -> datetime | None:
    """Return a local time as an aware instant carrying its offset, or None when there is no such day.

    In the hour that is repeated in autumn the first one is meant, in the hour that is left out in spring the clock goes on
    (RFC 5545, section 3.3.5).
    """
    try:
        local = datetime(year, month, day, *clock, tzinfo=zone)
        offset = local.utcoffset()
    except (ValueError, OverflowError):
        return None
    return local.replace(tzinfo=timezone(offset)) if offset is not None else None
