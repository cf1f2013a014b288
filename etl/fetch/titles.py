"""What pages say that are not the article: titles of walls and of pages that are gone, in the languages of the web."""

from __future__ import annotations

import re

WALL_TITLES = re.compile(
    "|".join(
        (
            r"just a moment\W*",
            r"attention required\W*",
            r"access(?: to this page has been| is| was)? denied",
            r"pardon our interruption\W*",
            r"are you (?:a )?(?:robot|human)\W*",
            r"robot or human\W*",
            r"(?:human|bot|captcha) (?:verification|challenge|check)",
            r"verif(?:y|ying) (?:that )?you(?: are|'re) (?:a )?human\W*",
            r"security (?:check|checkpoint|verification)",
            r"vercel security checkpoint",
            r"checking your browser.*",
            r"one moment, please\W*",
            r"request (?:blocked|rejected)",
            r"you have been blocked",
            r"client challenge",
            r"making sure you(?:'|’)?re not a bot\W*",
            r"error: the request could not be satisfied",
            r"ddos-guard",
            r"captcha",
            r"403(?: -)? forbidden",
            r"forbidden",
            r"zugriff verweigert",
            r"accès refusé",
            r"acceso denegado",
            r"accesso negato",
            r"acesso negado",
            r"toegang geweigerd",
            r"доступ ограничен",
            r"доступ запрещ[её]н",
            r"доступ к (?:сайту|странице) (?:ограничен|запрещ[её]н)",
            r"アクセスが拒否されました",
            r"访问被拒绝|訪問被拒絕|安全验证|安全驗證",
            r"access to this (?:site|website|page) (?:is|has been) (?:blocked|restricted|limited)",
            r"(?:please )?(?:verify|confirm|prove) (?:that )?you(?: are|'re|’re) (?:a human|human|not a robot)\W*",
            r"(?:we )?(?:value|respect) your privacy|your privacy (?:choices|matters|settings)|privacy settings|cookie consent",
            r"(?:nous respectons )?votre vie privée|ihre privatsphäre(?: .*)?|(?:cookie-?)?zustimmung|datenschutz-?einstellungen",
            r"(?:la )?(?:tua|sua) privacy|su privacidad|a sua privacidade|uw privacy|twoja prywatność",
            r"bevor (?:sie|du) (?:fortfahren|weitergehen|fortfährst|weitermachst).*",
            r"before you continue.*",
            r"avant de continuer.*",
            r"antes de continuar.*",
        )
    ),
    re.IGNORECASE,
)

GONE_TITLES = re.compile(
    "|".join(
        (
            r"(?:error|erreur|fehler|errore|erro|http|status|code|feil|fel|hiba|chyba|błąd|ошибка|hata|fout)?[\s:#-]*404"
            r"(?:[\s:!.-]*(?:error|page|not found)\b.*)?",
            r"(?:page|article|story|document|content|file|url|object|the page you requested was)?"
            r" ?(?:could |can)?(?:not|n't)?(?: be)? ?(?:not )?found\W*",
            r"(?:this )?page (?:does ?n(?:o|')t exist|is(?: no longer| not) available|unavailable)\W*",
            r"(?:diese )?seite (?:wurde )?nicht (?:gefunden|verfügbar)\W*",
            r"nicht gefunden",
            r"page (?:introuvable|non trouvée|inexistante)\W*",
            r"página no (?:encontrada|existe)",
            r"p[áa]gina n[ãa]o encontrada",
            r"pagina non trovata",
            r"pagina niet gevonden",
            r"sid(?:an|en) (?:kunde inte hittas|hittades inte|blev ikke fundet|findes ikke|finnes ikke|ble ikke funnet)",
            r"fant ikke siden",
            r"sivua ei (?:löydy|löytynyt)",
            r"(?:nie znaleziono strony|strona nie (?:istnieje|została znaleziona))",
            r"stránka (?:nenalezena|nebyla nalezena|nebola nájdená)",
            r"az oldal nem található",
            r"a keresett oldal nem található",
            r"страница не найдена",
            r"сторінку не знайдено",
            r"страницата не е намерена",
            r"stranica nije pronađena",
            r"pagina nu (?:a fost găsită|există)",
            r"sayfa bulunamadı",
            r"(?:η )?σελίδα δεν βρέθηκε",
            r"الصفحة غير موجودة",
            r"הדף לא נמצא",
            r"صفحه (?:مورد نظر )?(?:پیدا|یافت) نشد",
            r"halaman tidak ditemukan",
            r"không tìm thấy trang",
            r"ไม่พบหน้า.*",
            r"页面不存在",
            r"找不到(?:页面|頁面|网页|網頁)",
            r"ページが見つかりません(?:でした)?",
            r"페이지를 찾을 수 없습니다",
        )
    ),
    re.IGNORECASE,
)

# What walls say when neither title nor heading does; looked for in the text of pages that show little else.
WALL_PHRASES = re.compile(
    b"|".join(
        (
            rb"enable javascript and cookies to continue",
            rb"(?:verify|confirm|prove|sure) (?:that )?you(?: are|'re| re) (?:a human|human|not a (?:ro)?bot)",
            rb"(?:are|i'm|i am) not a robot",
            rb"unusual (?:traffic|activity) from your",
            rb"checking (?:if the site connection is secure|your browser before)",
            rb"why have i been blocked",
            rb"you don.t have permission to access",
            rb"request unsuccessful\. incapsula",
            rb"automated (?:access|requests|queries|traffic)",
            rb"please enable cookies",
            rb"reference #[0-9a-f.]{12,}",
        )
    )
)
