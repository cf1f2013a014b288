"""First words that tell what a short text is for: an offer, a pointer elsewhere, a credit, a byline, a call to talk.

Single words in the languages that news pages come in. They are votes among many for the chooser, no verdicts: "read" begins
a pointer on one page and a sentence on another. Chinese, Japanese and Thai have no spaces, so their words are found anywhere
in the first letters.
"""

from __future__ import annotations

import re

_WORDS = {
    "pointer": (
        "read more also related see watch listen continue recommended trending dont don't miss lire aussi voir "
        "lisez regarder lesen mehr auch dazu siehe weiterlesen themen interessant lees ook meer bekijk leia também "
        "mais veja saiba confira lea lee leer también te puede interesar ver vea mire leggi anche approfondisci "
        "guarda vedi les også læs se mer läs också mere lue myös katso lisää czytaj też także zobacz więcej "
        "przeczytaj čtěte také číst přečtěte více čítajte tiež prečítajte olvasson tovább is kapcsolódó citește și "
        "vezi читайте также читать ещё подробнее смотрите читай також ще дивіться прочетете още διαβάστε επίσης "
        "δείτε okuyun ayrıca haberler oku baca juga selengkapnya đọc thêm xem اقرأ أيضا المزيد بخوانید בהמשך עוד "
        "קראו पढ़ें यह भी और और पढ़ें funda pročitajte više preberite loe ka lasi arī skaityk taip pat lexo edhe"
    ),
    "offer": (
        "subscribe subscription subscriber subscribers newsletter newsletters sign signup inbox register account "
        "login log join free trial unlimited donate support email e-mail app download whatsapp telegram follow "
        "cookies cookie privacy consent advertisement abonnez abonnez-vous abonné abonnés inscrivez inscrivez-vous "
        "newsletter s'abonner recevez abonnieren abonnement anmelden newsletter kostenlos testen jetzt "
        "registrieren werbung anzeige suscríbete suscribirse suscripción boletín regístrate gratis publicidad "
        "síguenos assine inscreva-se receba siga cadastre publicidade iscriviti abbonati newsletter pubblicità "
        "seguici abonneer nieuwsbrief schrijf advertentie abonner nyhetsbrev tilmeld nyhedsbrev annonce annons "
        "prenumerera tilaa uutiskirje mainos subskrybuj zapisz reklama odebírejte předplatné hírlevél iratkozz "
        "abonează подпишитесь подписывайтесь підписуйтесь реклама abone bülten reklam langganan 구독 sponsored "
        "promoted affiliate commission coupon shop buy price ebay amazon"
    ),
    "credit": (
        "photo photos photo: image image: images picture credit credits source source: © copyright foto foto: "
        "fotos bild: bild bilder quelle quelle: fuente fuente: fonte fonte: crédit crédits zdjęcie fot fot. zdroj "
        "kép fotó фото фото: источник джерело photograph getty reuters afp ap epa imago dpa afp/getty shutterstock "
        "file graphic video video: vidéo video; photographer foto/ reproduction"
    ),
    "talk": (
        "comment comments commenting share reply replies discuss opinions conversation commentaires commenter "
        "partager kommentar kommentare kommentieren diskutieren teilen comentarios comenta comentar compartir "
        "comentários compartilhe commenti condividi reacties reageer delen kommentarer dela del kommentit jaa "
        "komentarze komentář komentáře комментарии поделиться коментарі yorum komentar 댓글 print copy link bookmark "
        "tweet facebook twitter tip contact reach"
    ),
    "byline": (
        "by von par por di av door af autor autor: author written text text: reporter correspondent editor updated "
        "published posted last modified aktualisiert veröffentlicht stand stand: uhr publié mis actualizado "
        "publicado atualizado aggiornato pubblicato bijgewerkt gepubliceerd oppdatert publisert opdateret "
        "uppdaterad publicerad päivitetty julkaistu opublikowano обновлено опубликовано minute min minutes reading "
        "staff automatically translated reporting additional contributed"
    ),
    "rights": (
        "all rights reserved terms conditions policy disclaimer standards trust material redistributed corrections "
        "correction editor's note about alle rechte vorbehalten tous droits réservés todos los derechos reservados "
        "diritti riservati wszelkie prawa toate drepturile"
    ),
    "end": (
        "tags tags: topics topics: more: keywords categories category filed themen: schlagworte etiquetas temas "
        "temi sujets thèmes tagi теги теги: метки ключевые related: read: next previous share: comments: search "
        "previous: most popular latest top home"
    ),
}
NAMES = tuple(_WORDS)
_BITS = dict[str, int]()
for _place, _words in enumerate(_WORDS.values()):
    for _word in _words.split():
        _BITS[_word] = _BITS.get(_word, 0) | 1 << _place
_UNSPACED = re.compile(
    r"(?P<pointer>関連|続きを読む|あわせて|相关|延伸|阅读|閱讀|推荐|推薦|อ่าน)|(?P<offer>会員|登録|無料|订阅|訂閱|下载|下載|广告|廣告|기사제보)"
    r"|(?P<credit>写真|提供|撮影|图片|圖片|摄影|图源|来源|來源|사진|ภาพ)|(?P<talk>コメント|シェア|分享|评论|留言)|(?P<byline>記者|编辑|編輯|作者|기자|責任)"
    r"|(?P<rights>無断|転載|禁止|版权|版權|무단|전재|저작권)|(?P<end>標籤|标签|タグ)"
)
_WIDE = re.compile(r"[\u0e00-\u0eff\u2e80-\uffff]")
"""The letters that the words above begin with, told from the dashes and quotes of other scripts."""
_UNSPACED_BITS = (0, *(1 << place for place in range(len(NAMES))))
WORDS_READ = 8
TEXT_CHARS_MAX = 500


def read(text: str) -> int:
    """Return what the first words of *text* are for, as bits in the order of NAMES; of a long text nothing."""
    if len(text) >= TEXT_CHARS_MAX:
        return 0
    head = text[:72].lower()
    bits = 0
    for word in head.split(None, WORDS_READ)[:WORDS_READ]:
        if word in _BITS:
            bits |= _BITS[word]
        elif not word.isalpha():
            bits |= _BITS.get(word.strip(".,:;!?()[]»«\"'|-–"), 0)
    if not head.isascii() and _WIDE.search(head):
        for found in _UNSPACED.finditer(head):
            bits |= _UNSPACED_BITS[found.lastindex or 0]
    return bits
