"""Invented news in six languages, each long enough to be an article: nothing here was ever published."""

from __future__ import annotations

STORIES = {
    "en": (
        "Harbour town votes to keep its old ferry",
        """The council of Norwick voted on Tuesday to keep the car ferry that has linked the two halves of the town since 1931.
Nine members were in favour and four against after a debate that lasted until midnight.
A bridge would have cost 42 million pounds, according to an estimate that engineers presented in March, and would have taken six
years to build.
"People here set their clocks by that ferry," said Maud Tillery, who runs the bakery on the eastern quay and had collected 3,180
signatures in eleven weeks.
The operator promised to replace both engines before next winter and to extend the last crossing to a quarter past eleven.
Opponents of the decision argued that ambulances lose up to twenty minutes whenever fog closes the strait.
A regional fund will pay for a second rescue boat, which is expected to arrive in the autumn.""",
    ),
    "fr": (
        "Le village de Saint-Aubrac rachète son dernier café",
        """Les habitants de Saint-Aubrac ont réuni 87 400 euros pour racheter le dernier café de la commune, fermé depuis mai.
Plus de deux cents foyers sont devenus copropriétaires de l’établissement, qui doit rouvrir ses portes le 14 juin.
« Nous ne voulions pas d’un village où l’on ne se croise plus », explique Odile Marchetti, institutrice à la retraite et présidente
de l’association.
La mairie a renoncé à son droit de préemption et prendra en charge la réfection de la toiture, estimée à 23 000 euros.
Un couple venu de Besançon tiendra le comptoir cinq jours par semaine, avec un dépôt de pain et un point postal.
La préfecture examine encore la demande de licence, mais le sous-préfet s’est dit confiant après sa visite de mercredi.
Trois communes voisines ont déjà demandé les statuts de l’association pour s’en inspirer.""",
    ),
    "de": (
        "Bergbahn am Hochkogel fährt wieder",
        """Nach vierzehn Monaten Stillstand fährt die Zahnradbahn auf den Hochkogel seit Samstag wieder nach Plan.
Ein Felssturz hatte im Februar des vergangenen Jahres rund 120 Meter Gleis und die Brücke über den Wildbach zerstört.
Die Arbeiten kosteten 8,6 Millionen Euro, von denen das Land knapp die Hälfte übernimmt.
»Wir haben jeden Stein einzeln gesichert«, sagte Betriebsleiterin Friederike Ammann bei der Eröffnung vor etwa 900 Gästen.
Für die Hüttenwirte am Gipfel war die Pause bitter, denn ihre Einnahmen gingen um zwei Drittel zurück.
Künftig messen 34 Sensoren im Hang jede Bewegung und halten die Züge im Zweifel selbsttätig an.
Ein zweiter Steinschlagschutz oberhalb der Mittelstation soll bis Oktober folgen.""",
    ),
    "es": (
        "Una biblioteca flotante recorrerá los pueblos del delta",
        """Una barcaza con 6.200 libros comenzará a recorrer en septiembre los once pueblos del delta que no tienen biblioteca.
El proyecto nació en el taller de Rosario Quiñones, carpintera de ribera, que donó una embarcación de madera de 1958.
La diputación aportará 150.000 euros al año y una asociación de lectores se ocupará de la tripulación y de los préstamos.
«Si la gente no puede llegar hasta los libros, los libros tendrán que aprender a navegar», dijo Quiñones durante la presentación.
Cada pueblo recibirá la visita dos veces al mes, siempre en jueves y con la marea alta.
Los escolares podrán pedir por teléfono los títulos que necesiten con tres días de antelación.
La barcaza lleva además un pequeño generador solar y una antena para conectarse a la red.""",
    ),
    "ja": (
        "湖畔の町で百年続く灯台に明かり戻る",
        """湖畔の町、白波町で七日、二年前の台風で壊れた木造の灯台に再び明かりがともされた。
灯台は大正十二年に漁師たちが建てたもので、高さは14メートル、町の文化財に指定されている。
修理には町民や出身者およそ640人から寄せられた2,300万円の寄付が使われた。
点灯式で実行委員長の宮下さとさんは「暗い湖を見るたびに胸が痛んだ。やっと町の目が戻った」と話した。
新しい電球は以前の十分の一の電力で、光は対岸の八キロ先からも見えるという。
町は来年の春から灯台の中を週末に公開し、上から湖を眺められるようにする計画だ。
漁業組合は、霧の深い朝に小舟が岸へ戻る目印になると歓迎している。""",
    ),
    "ar": (
        "قرية جبلية تعيد فتح مدرستها القديمة",
        """أعادت قرية عين الصنوبر الجبلية يوم الأحد فتح مدرستها القديمة بعد إغلاق دام تسع سنوات.
وقال رئيس البلدية كمال الدرويش إن 58 تلميذا سجلوا أسماءهم في الصفوف الأربعة الأولى.
وكان الأهالي قد جمعوا 112 ألف دينار لترميم السقف والنوافذ وبناء غرفة جديدة للحاسوب.
وقالت المعلمة هناء الصباغ إن الأطفال كانوا يمشون سبعة كيلومترات كل صباح للوصول إلى أقرب مدرسة.
وتعهدت وزارة التعليم بإرسال ثلاثة مدرسين إضافيين قبل بداية الفصل الثاني.
ويأمل السكان أن يعود بعض من هاجروا إلى المدينة بعد أن تحسنت الخدمات في القرية.
وستقام في نهاية الشهر سوق صغيرة يخصص ريعها لشراء كتب لمكتبة المدرسة.""",
    ),
}
