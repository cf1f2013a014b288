"""The language: declared, and checked against the words and letters of the text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.extract import document, language, structured

TEXTS = {
    "en": "The council said on Tuesday that the bridge will be closed for good, and that nobody in the town had been asked.",
    "de": "Der Rat hat am Dienstag beschlossen, dass die Brücke für immer geschlossen wird, und niemand in der Stadt wurde.",
    "fr": "Le conseil a décidé mardi que le pont serait fermé pour toujours, et personne dans la ville n'a été consulté sur ce.",
    "es": "El consejo decidió el martes que el puente se cerrará para siempre, y nadie en la ciudad fue consultado sobre este.",
    "pt": "O conselho decidiu na terça-feira que a ponte será fechada para sempre, e ninguém na cidade foi consultado, mas não.",
    "it": "Il consiglio ha deciso martedì che il ponte sarà chiuso per sempre, e nessuno nella città è stato consultato su questo.",
    "nl": "De raad heeft dinsdag besloten dat de brug voor altijd wordt gesloten, en niemand in de stad werd er om gevraagd.",
    "sv": "Rådet beslutade på tisdagen att bron ska stängas för alltid, och ingen i staden hade blivit tillfrågad om det.",
    "da": "Rådet besluttede tirsdag, at broen lukkes for altid, og ingen i byen blev spurgt om det, men de siger ikke noget.",
    "fi": "Neuvosto päätti tiistaina, että silta suljetaan lopullisesti, ja kukaan kaupungissa ei ollut saanut sanoa sitä.",
    "pl": "Rada zdecydowała we wtorek, że most zostanie zamknięty na zawsze, a nikt w mieście nie był o to pytany, ale tak jest.",
    "cs": "Rada v úterý rozhodla, že most bude navždy uzavřen, a nikdo ve městě se na to neptal, ale už je to tak podle plánu.",
    "hu": "A tanács kedden úgy döntött, hogy a híd végleg bezár, és a városban senkit nem kérdeztek meg erről, de ez már így van.",
    "ro": "Consiliul a decis marți că podul va fi închis pentru totdeauna și nimeni din oraș nu a fost întrebat despre acest.",
    "tr": "Meclis salı günü köprünün temelli kapatılacağını söyledi ve bu konuda kimseye bir şey sorulmadı, ama daha sonra olacak.",
    "vi": "Hội đồng đã quyết định hôm thứ ba rằng cây cầu sẽ bị đóng cửa và không một người nào trong thành phố được hỏi.",
    "id": "Dewan memutuskan pada hari Selasa bahwa jembatan itu akan ditutup untuk selamanya dan tidak ada yang ditanya di kota.",
    "ru": "Совет решил во вторник, что мост закроют навсегда, и никого в городе об этом не спросили, но так уже было.",
    "uk": "Рада вирішила у вівторок, що міст закриють назавжди, і нікого в місті про це не спитали, але так вже було.",
    "bg": "Съветът реши във вторник, че мостът ще бъде затворен завинаги, и никой в града не е бил попитан за това.",
    "el": "Το συμβούλιο αποφάσισε την Τρίτη ότι η γέφυρα θα κλείσει για πάντα.",
    "he": "המועצה החליטה ביום שלישי שהגשר ייסגר לתמיד ואיש לא נשאל.",
    "ar": "قرر المجلس يوم الثلاثاء أن الجسر سيغلق إلى الأبد، ولم يسأل أحد في المدينة عن هذا الأمر الذي كان بعد ذلك.",
    "fa": "شورا روز سه‌شنبه تصمیم گرفت که این پل برای همیشه بسته شود و از هیچ کس در شهر پرسیده نشد اما این را گفت.",
    "hi": "परिषद ने मंगलवार को कहा कि पुल हमेशा के लिए बंद कर दिया जाएगा और शहर में किसी से नहीं पूछा गया है।",
    "th": "สภาตัดสินใจเมื่อวันอังคารว่าจะปิดสะพานถาวร และไม่มีใครในเมืองถูกถาม",
    "ja": "市議会は火曜日に橋を永久に閉鎖すると決定しましたが、町の誰にも聞かれませんでした。",
    "zh": "市议会星期二决定永久关闭这座桥，城里没有人被问过这件事情，市长说。",
    "ko": "시의회는 화요일에 다리를 영구히 폐쇄하기로 결정했으며 아무도 묻지 않았다.",
}


@pytest.mark.parametrize("code", TEXTS)
def test_a_sentence_or_two_tell_the_language(code: str) -> None:
    assert language.detect(TEXTS[code]) == code


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("12 345 --- 678", id="digits"),
        pytest.param("OK Computer", id="two words"),
    ],
)
def test_what_is_too_short_to_tell_has_no_language(text: str) -> None:
    assert language.detect(text) is None


@pytest.mark.parametrize(
    ("head", "lang", "code", "expected", "rule"),
    [
        pytest.param("", "de-AT", "de", "de-AT", "html:lang", id="declared and true"),
        pytest.param("", "en", "de", "de", "text", id="a template's declaration loses to the text"),
        pytest.param(
            '<meta property="og:locale" content="de_DE">',
            "en-US",
            "de",
            "de-DE",
            "og:locale",
            id="the declaration that is true wins",
        ),
        pytest.param(
            '<meta http-equiv="content-language" content="pt_br">',
            "",
            "pt",
            "pt-BR",
            "content-language",
            id="written with an underscore",
        ),
        pytest.param("", "nb-NO", "da", "no-NO", "html:lang", id="close languages: the declaration is believed"),
        pytest.param("", "fy", "nl", "fy", "html:lang", id="a language the detector does not know"),
        pytest.param("", "", "fr", "fr", "text", id="nothing is declared"),
    ],
)
def test_a_declaration_holds_unless_the_text_contradicts(
    head: str, lang: str, code: str, expected: str, rule: str
) -> None:
    page = f"<html lang='{lang}'><head>{head}</head><body><p>{TEXTS[code]}</p></body></html>"
    doc = document.parse(page.encode(), url="https://paper.example/x")
    choice = language.read(doc, structured.read(doc))
    assert (choice.value, choice.rule) == (expected, rule)


def test_a_text_of_two_languages_does_not_overrule_the_declaration() -> None:
    page = f"<html lang='de'><body><p>{TEXTS['en']}</p><p>{TEXTS['de']}</p></body></html>"
    doc = document.parse(page.encode(), url="https://paper.example/x")
    assert language.read(doc, structured.read(doc)).value == "de"


@pytest.mark.parametrize(
    ("raw", "tag"),
    [
        pytest.param("EN_us", "en-US", id="case"),
        pytest.param("zh-hant-TW", "zh-Hant-TW", id="script"),
        pytest.param("es-419", "es-419", id="region by number"),
        pytest.param("en-GB.UTF-8", "en-GB", id="with an encoding"),
        pytest.param("iw", "he", id="former code"),
        pytest.param("english", "", id="a word"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_declared_languages_become_tags(raw: str, tag: str) -> None:
    assert language.tidy(raw) == tag


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=300))
def test_any_text_has_a_known_language_or_none(text: str) -> None:
    found = language.detect(text)
    assert found is None or 2 <= len(found) <= 7
