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
            r"prima di continuare.*",
            r"voordat (?:u|je) verder ?gaat.*",
            r"(?:log|sign) ?[io]n(?: required| to continue)?|subscriber log ?in",
            r"anmelden|anmeldung|einloggen|se connecter|connexion|identifiez-vous|iniciar sesión|inicia sesión|accedi|accesso",
            r"iniciar sessão|fazer login|inloggen|logga in|logg inn|log ind|kirjaudu sisään",
            r"zaloguj się|logowanie|přihlášení|bejelentkezés",
            r"giriş yap|войти|вход|авторизация|увійти|σύνδεση|تسجيل الدخول|התחברות|ログイン|登录|登錄|登入|로그인|đăng nhập|masuk",
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

# "I am not a robot", "prove that you are none" and "unusual traffic from your network", in small letters.
NO_ROBOT = re.compile(
    "|".join(
        (
            r"ich bin kein robot",
            r"(?:bestätigen?|beweisen?|prüfen)(?: sie)?(?: bitte)?, (?:dass|ob) (?:sie|du) (?:ein mensch|kein (?:ro)?bot)",
            r"ungewöhnlichen? (?:datenverkehr|aktivität(?:en)?) (?:aus|von|in) (?:ihrem|deinem)",
            r"je ne suis pas un robot|que vous (?:n(?:'|’)êtes pas un robot|êtes (?:bien )?(?:un )?humain)",
            r"trafic inhabituel .{0,20}votre réseau",
            r"no soy un robot|que no (?:eres|es) un robot|que (?:eres|es) (?:un )?(?:ser )?humano|tráfico inusual .{0,12}su red",
            r"non sono un robot|(?:di non essere|che non sei) un robot|traffico insolito .{0,12}(?:tua|sua|vostra) rete",
            r"não sou um robô|que (?:você )?não é um robô|que (?:você )?é (?:um )?humano|tráfego incomum .{0,12}sua rede",
            r"ik ben geen robot|dat (?:u|je) (?:geen robot|een mens) bent|ongebruikelijk verkeer .{0,12}(?:uw|je) netwerk",
            r"nie jestem robotem|że nie jesteś robotem|nejsem robot|že nejste robot|nie som robot|nem vagyok robot",
            r"(?:jag är inte|att du inte är) en robot|(?:jeg er ikke|at du ikke er) en robot|en ole robotti",
            r"nu sunt (?:un )?robot|nisam robot|ben robot değilim|robot olmadığınızı",
            r"я не робот|что вы не робот|що ви не робот|не съм робот|δεν είμαι ρομπότ",
            r"أنا لست (?:برنامج )?روبوت|אני לא רובוט|من ربات نیستم",
            r"tôi không phải là (?:người máy|robot)|saya bukan robot|ฉันไม่ใช่โปรแกรมอัตโนมัติ",
            r"私はロボットではありません|ロボットではないこと|不是(?:机器人|機器人)|로봇이 아닙니다|사람인지 확인",
        )
    )
)
