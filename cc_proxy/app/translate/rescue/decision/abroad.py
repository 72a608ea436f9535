"""The same classes of words in other languages.

German, French, Spanish, Italian, Portuguese, Dutch, Polish, Turkish, Russian, Chinese, Japanese and
Korean.
"""

import re


def _any(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts), re.IGNORECASE | re.MULTILINE)


EXAMPLE = _any(
    r"\b(?:un|d')exemple\b|\bressemble\b|\bà quoi\b|\bdies ist ein beispiel\b",
    r"\bzum Beispiel|\bz\. ?B\.|\bbeispiel(?:sweise|haft)?\b|\bsieht\b[^.!?]*\baus\b|\bwie folgt\b|\bfolgenderma(?:ß|ss)en\b"
    r"|\bangenommen\b|\bstell dir vor\b|\bzur (?:erklärung|veranschaulichung|illustration)\b|\bgehen wir davon aus\b",
    r"\bpar exemple\b|\bcomme (?:suit|ceci|cela)\b|\bimagin(?:ons|ez|e) que\b|\bsupposons\b|\bpour illustrer\b|\bà titre d'",
    r"\bpor ejemplo\b|\bcomo sigue\b|\basí se \w+|\bsupongamos\b|\bimagina(?:mos)? que\b|\ba modo de\b|\bun ejemplo\b|\beste es el formato\b",
    r"\b(?:ad|per|un) esempio\b|\bcome segue\b|\bsupponiamo\b|\bimmagina(?:mo)?\b|\bquesto è il formato\b",
    r"\b(?:por|um) exemplo\b|\bassim:|\bda seguinte forma\b|\bsuponha(?:mos)?\b|\bimagine que\b",
    r"\bbijvoorbeeld\b|\been voorbeeld\b|\bals volgt\b|\bziet\b[^.!?]*uit\b|\bstel dat\b|\bter illustratie\b",
    r"\bna przykład\b|\bprzykład(?:owo|em)?\b|\bwygląda (?:tak|następująco)\b|\bzałóżmy\b|\bwyobraź\b",
    r"\börne(?:ğin|k)\b|\bşöyle (?:görün|yaz)|\bşu şekilde\b|\bvarsayalım\b|\bdiyelim ki\b|\bmesela\b",
    r"например|\bпример\w*|следующим образом|выглядит|предположим|допустим|представ(?:ь|им|ьте)\b|для иллюстрации",
    r"例如|比如|譬如|举例|示例|假设|假如|设想|如下|以下(?:格式|形式|是)|格式(?:是|为)|为了说明",
    r"例えば|たとえば|例を|例です|次のよう|以下の(?:よう|形式)|仮に|もし.{0,12}なら|例として",
    r"예를 들|예시|예컨대|다음과 같|가정(?:하|해)|예로",
    r"على سبيل المثال|مثلا|مثال|उदाहरण|ví dụ|contohnya|misalnya|till exempel|for eksempel|esimerkiksi",
)
# The person is to decide: a condition with the person in it, or a word for consent.
CONSENT = _any(
    r"\A\W*(?:bestätig|genehmig|erlaub|confirm|conferm|bevestig|potwierd|подтверд|onayla|autori[sz])\w*",
    r"\bbitte (?:bestätig|genehmig|erlaub|antwort|sag|entscheid|prüf)\w*|\bmerci de (?:confirmer|valider)\b|\bpor favor,? confirm\w*|\bper favore,? conferm\w*|\bproszę (?:o|potwierd)\w*|\blütfen\b|\bпожалуйста\b|\bпрошу\b",
    r"\b(?:wenn|falls|sobald|sofern|nachdem|bevor|erst wenn)\b[^.!?]*\b(?:sie|du|ihr|ihnen|dir)\b",
    r"\b(?:soll|darf|kann) ich\b|\b(?:zustimmung|bestätigung|freigabe|genehmigung|erlaubnis|einverständnis|einverstanden|okay von)\w*\b|\bmöchte(?:n sie|st du)\b|\bwillst du\b|\bsag(?:en sie|t)? (?:mir|ja|bescheid)\b",
    r"\b(?:si|dès que|quand|lorsque|une fois que|après que|avant que)\s+(?:tu|vous|l'on)\b",
    r"\b(?:votre|ton|ta) (?:accord|permission|autorisation|confirmation|feu vert|aval|réponse|validation|ok)\b|\b(?:voulez|veux|souhaitez|puis|dois|pouvez)-(?:vous|tu|je)\b|\bdites(?:-moi)? (?:oui|si)\b|\bdis-moi\b|\bavec votre\b",
    r"\bsi (?:quieres?|lo deseas?|te parece|le parece|estás|está|usted|me (?:das|da|dices|autoriz|confirm)|prefieres?|aceptas?|confirmas?|apruebas?|lo (?:apruebas?|confirmas?))\b|\b(?:cuando|en cuanto|una vez que|tan pronto como|hasta que) (?:me |lo |usted |tú )?(?:confirm|autori|digas?|des\b|dé\b|apruebe|acepte|quieras?)\w*",
    r"\b(?:tu|su|con) (?:permiso|aprobación|confirmación|visto bueno|autorización|consentimiento|ok|respuesta|tu permiso)\b|¿\s*(?:quieres?|puedo|debo|te|le|desea)|\bdime\b|\bdígame\b|\bsolo si\b",
    r"\bse (?:vuoi|volete|vuole|sei|siete|per (?:te|lei|voi)|lo desideri|mi (?:dai|dà|autorizz|conferm)|preferisci|confermi|accetti|approvi|ti va)\w*\b|\b(?:appena|quando|dopo che|una volta che|finché non) (?:mi |lo |avrai |avrete )?(?:conferm|autorizz|dai\b|dici|approv|accett)\w*|\bcon (?:il )?(?:tuo|suo|vostro)\b",
    r"\b(?:tuo|suo|vostro|tua|sua|vostra) (?:permesso|consenso|approvazione|conferma|via libera|autorizzazione|ok|risposta)\b|\b(?:vuoi|volete|vuole) che\b|\bposso\b[^.!]*\?|\bdevo\b[^.!]*\?",
    r"\bse (?:você|vocês|quiser\w*|preferir|concordar\w*|autorizar|confirmar|aprovar|estiver|me (?:der|autoriz|confirm)|o senhor|desejar)\w*\b|\b(?:quando|assim que|depois que|logo que|até que) (?:você |vocês |me )?(?:confirm|autoriz|disser|der\b|aprov|concord|quiser)\w*",
    r"\b(?:sua|seu|tua|teu) (?:permissão|aprovação|confirmação|autorização|consentimento|ok|aval|resposta)\b|\bquer que\b|\bposso\b[^.!]*\?|\bdevo\b[^.!]*\?",
    r"\b(?:als|zodra|wanneer|indien|nadat|voordat|pas als)\b[^.!?]*\b(?:je|jij|u|jullie)\b|\b(?:zal|mag|moet|kan) ik\b[^.!]*\?|\b(?:je|jouw|uw) (?:toestemmingkeuring|akkoord|bevestiging|ok|antwoord)\b|\bwil(?:t u| je|t)\b|\bzeg (?:ja|het)\b|\btoestemming\b",
    r"\b(?:jeśli|jeżeli|gdy|kiedy|jak tylko|o ile|dopiero gdy|po tym jak)\b[^.!?]*\b(?:chce|chcesz|zgod|potwierdz|pozwol|powie|zatwierdz|zechc|pan\b|pani\b|państwo)\w*|\b(?:za|twoj\w*|pańsk\w*|twej) (?:twoją |pańską )?(?:zgod|pozwoleni|potwierdzeni|akceptacj)\w*|\bczy (?:mam|mogę|chcesz)\b|\bpotrzebuję (?:twoj|pańsk|zgody|potwierdz)\w*|\bpowiedz\b",
    r"\b(?:ister(?:se|sen|seniz)|onay(?:lar|ınız|la|la[rn])?\w*|izn\w+|izin\w*|ederse(?:n|niz)|derse(?:n|niz)|kabul eder\w*|uygunsa derse\w*)\b|\bister mi(?:sin|siniz)\b|(?:ayım|eyim) mı\b|(?:ayım|eyim) mi\b",
    r"\bесли (?:вы|ты|хотите|хочешь|вам|тебе|соглас\w*|не против|разреш\w*|подтверд\w*|одобр\w*|скаж\w*|угодно)\b|\b(?:как только|когда|после того как|пока не) (?:вы|ты|подтверд\w*|скаж\w*|разреш\w*|одобр\w*|дад\w*)",
    r"\b(?:ваш\w*|тво\w*|с вашего|без вашего) (?:соглас\w*|разрешени\w*|подтверждени\w*|одобрени\w*|ответ\w*|слов\w*)|\b(?:жду|нужно|нужен|требуется|необходимо) (?:ваш\w*|тво\w*|соглас\w*|подтвержд\w*|разреш\w*)|\bхотите\b|\bможно(?: ли)?\b[^.!]*\?|\bскажите\b|\bс вашего\b",
    r"(?:如果|若|要是|假如|只要|等|待|一旦|除非)(?:你|您|用户)|(?:你|您)(?:的)?(?:同意|确认|批准|许可|允许|授权|点头|答应|回复|决定|愿意|说)|(?:得到|经过?|获得|征得|需要).{0,8}(?:同意|确认|批准|许可|允许|授权)|(?:需要|要不要|要|可以)我|是否|可以吗|好吗|行吗|(?:请|等).{0,4}(?:确认|批准|同意)|确认(?:后|才)",
    r"よろしけれ|よけれ|許可|承認|同意|ご(?:希望|指示|確認|了承|判断|返事)|確認(?:が|を|いただ|後|して(?:いただ|くだ)|でき)|いただけ|いただい|てもい|しましょうか|でしょうか|ますか|くだされば|くださ(?:い|る)|お望み|了解が|指示が|OKなら",
    r"원하(?:시|면)|허락|허가|동의|승인|확인해 ?(?:주|주시)|확인(?:되|이 되)면|괜찮(?:으시|다|으)|할까요|될까요|드릴까요|말씀|좋으시|주시면|하시면|을까요",
    r"إذا (?:أردت|وافقت)|هل تريد|अगर आप|nếu bạn|jika anda|om du (?:vill|godkänner)",
)
# It will not be done, or was not.
DENIAL = _any(
    r"\b(?:nicht|nie(?:mals)?|kein(?:e[nmrs]?)?|nichts|verzichte|weigere|ignoriere|lehne|unterlasse|überspringe|verweigere)\b",
    r"\b(?:ne|n'\w+|pas|jamais|rien|refuse|ignore|m'abstiens|aucun\w*|renonce)\b|\bn'",
    r"\b(?:no|nunca|jamás|nada|me niego|ignoro|omito|rechazo|ningun\w*|tampoco|renuncio|evito)\b",
    r"\b(?:non|mai|niente|nulla|rifiuto|ignoro|evito|nessun\w*|mi astengo|rinuncio)\b",
    r"\b(?:não|nunca|nada|jamais|recuso|ignoro|evito|nenhum\w*|me abstenho)\b",
    r"\b(?:niet|geen|nooit|niets|weiger|negeer|laat)\b",
    r"\b(?:nie|nigdy|niczego|nic|odmawiam|ignoruję|pomijam|żadn\w+|rezygnuję)\b",
    r"\b(?:değil|hiç\w*|asla|yok|redded\w+|reddet\w+)\b|\w(?:me[yz]|ma[yz]|mem|mam|mıyor|miyor|muyor|müyor|madı|medi|madım|medim|mayaca|meyece)\w*\b|görmezden",
    r"\b(?:не|нет|нельзя|никогда|ничего|отказываюсь|игнорирую|пропускаю|никак\w*|откажусь)\b",
    r"不|没|沒|别|勿|拒绝|忽略|跳过|无视|放弃",
    r"ない|ません|なかった|せず|ずに|拒否|無視|控え|見送|やめ|断り|しないで",
    r"않|안 |못|거부|거절|무시|말(?:겠|아)|삼가|없(?:이|습|다|었)|지 ?마",
    r"\b(?:inte|aldrig|ikke|aldri|ei|en aio)\b",
)
# An act, for what is denied after a call.
ACT = _any(
    r"ausf[üu]hr|ausgeführt|gestartet|startet|getan|gemacht|aufgerufen|aufruf|laufen lassen|passiert",
    r"ex[ée]cut|lanc|fait\b|appel|démarr|effectu",
    r"ejecut|lanz|hecho|hice|llam|inici|realiz|corr",
    r"esegu|lanci|fatto|chiam|avvi|effettu",
    r"execut|rod(?:ei|ar|ou|ado)|lanç|feito|fiz\b|cham|inici",
    r"uitgevoerd|uitvoer|voer|gestart|gedaan|draai|aangeroepen",
    r"uruchom|wykona|zrobi|wywoł",
    r"çalıştır|yürüt|yap|çağır|başlat",
    r"запус|выполн|сдела|вызв|вызыва|исполн",
    r"执行|運行|运行|调用|做|跑|动",
    r"実行|起動|呼|動か|して",
    r"실행|호출|했|하지",
)
# Somebody else's words, or words to be shown.
SAYING = _any(
    r"\b(?:aanroep|aufruf|llamada|chiamata|chamada|appel d'outil|wywołani\w*|çağrı\w*|вызов\w*|format\w*|формат\w*)\b"
    r"|调用|呼び出し|호출|格式|形式|형식|内容|显示|输出|写道|如下|是\W*\Z|内容は|出力|表示|こうです|내용|출력|표시",
    r"\b(?:lautet|steht|enthält|zeigt|dit|contient|affiche|dice|contiene|muestra|mostra|diz|contém|zegt|bevat|toont|mówi|zawiera|pokazuje|diyor|içeriyor|гласит|содержит|показывает|пишет)\b",
    r"\b(?:log|fichier|archivo|arquivo|bestand|plik\w*|dosya\w*|файл\w*|лог\w*|datei|antwort|ausgabe|réponse|respuesta|risposta|resposta|antwoord|odpowiedź|yanıt|ответ)\b[^.!?]{0,40}\Z",
)
REPORT = _any(
    r"\b(?:verlang|forder|will|möchte|verlangt|befiehlt|bittet|heißt)\w*\b[^.!?]*\b(?:dass ich|mich|mir)\b|\bdass ich\b[^.!?]*\b(?:soll|tue|ausführe)\w*",
    r"\b(?:ich |lass mich |wir )?(?:zitiere|zeige (?:das|den|die|hier|dir|ihnen|euch)|melde (?:das|dies)|erwähne|erkläre|wiederhole|füge .{0,20} ein|gebe .{0,20} wieder|weise .{0,20} hin)\b|\b(?:steht|schreibt|sagt|enthält|lautet|stand)\b[^.!?]*(?:\Z|:|,)|\b(?:angreifer|angriff|injektion|schadcode|verdächtig)\w*",
    r"\b(?:je |nous )?(?:cite|citons|signale|mentionne|explique|recopie|rapporte|colle|répète|montre (?:le|la|ce|comment))\b|\b(?:fichier|page|site|message|journal|document|texte)\b[^.!?]*\b(?:dit|contient|demande|veut|exige|indique|ordonne)\b|\b(?:attaqu\w+|malveillant\w*|suspect\w*|me demande de|m'ordonne)\b|\bvoici (?:le|la|ce|un)\b[^.!?]*\Z",
    r"\b(?:cito|citando|menciono|explico|reporto|señalo|copio|pego|repito|muestro (?:el|la|lo|cómo))\b|\b(?:archivo|página|sitio|mensaje|registro|documento|texto|fichero)\b[^.!?]*\b(?:dice|contiene|pide|quiere|exige|ordena|indica)\b|\b(?:atacante|ataque|malicios\w*|sospechos\w*|me pide que|quiere que yo)\b",
    r"\b(?:cito|menziono|spiego|segnalo|riporto|copio|incollo|ripeto|mostro (?:il|la|come))\b|\b(?:file|pagina|sito|messaggio|registro|documento|testo)\b[^.!?]*\b(?:dice|contiene|chiede|vuole|ordina|indica)\b|\b(?:attaccante|attacco|malevol\w*|sospett\w*|mi chiede di|vuole che io)\b",
    r"\b(?:cito|menciono|explico|relato|colo|copio|repito|sinalizo|mostro (?:o|a|como))\b|\b(?:arquivo|ficheiro|página|site|mensagem|documento|texto)\b[^.!?]*\b(?:diz|contém|pede|quer|exige|ordena|indica)\b|\b(?:atacante|ataque|malicios\w*|suspeit\w*|me pede|quer que eu)\b",
    r"\b(?:citeer|meld|vermeld|herhaal|plak|leg .{0,12} uit|toon (?:de|het|hoe))\b|\b(?:bestand|pagina|site|bericht|log|document|tekst)\b[^.!?]*\b(?:zegt|bevat|vraagt|wil|eist|staat)\b|\b(?:aanvaller|aanval|kwaadaardig\w*|verdacht\w*|wil dat ik|vraagt mij)\b|\bstaat (?:dit|er|het)\b",
    r"\b(?:cytuję|zgłaszam|wspominam|wyjaśniam|wklejam|powtarzam|pokaż\w*|pokazuję)\b|\b(?:plik\w*|stron\w*|wiadomoś\w*|log\w*|dokument\w*|tekst\w*)\b[^.!?]*\b(?:mówi|zawiera|każe|chce|żąda|napisano|brzmi|jest napisane)\b|\b(?:atak\w*|złośliw\w*|podejrzan\w*)\b|\bkaże mi\b",
    r"\b(?:alıntıl\w+|bildiri\w+|belirt\w+|açıkl\w+|yapıştır\w+|tekrarl\w+|göster\w*)\b|\b(?:dosya|sayfa|site|mesaj|belge|metin|günlü\w+)\w*\b[^.!?]*\b(?:yaz\w*|diyor|içer\w*|istiyor|söylüyor|şunlar)\b|\b(?:saldır\w+|kötü niyet\w*|şüpheli)\b",
    r"\b(?:цитирую|процитирую|сообща\w+|упомян\w+|объясн\w+|вставл\w+|вставлю|повтор\w+|покаж\w+|показыва\w+)\b|\b(?:файл\w*|страниц\w*|сайт\w*|сообщени\w*|лог\w*|журнал\w*|документ\w*|текст\w*)\b[^.!?]*(?:сказано|написано|содерж\w*|требует|просит|хочет|говорит|пишет)|\b(?:атак\w*|злоумышлен\w*|вредонос\w*|подозрительн\w*|просит меня|велит)\b",
    r"(?:文件|页面|网页|网站|日志|消息|文档|文本|输出|备注|注释|评论|有人|攻击者|模型|助手|对方)[^。！？]{0,16}(?:要求|让我|叫我|说|写着|写道|包含|命令|希望我)|引用|转述|复述|粘贴|报告(?:一下)?(?:这|它)|指出|提醒|说明一下|展示(?:格式|一下)|攻击|恶意|可疑|注入|原文",
    r"(?:ファイル|ページ|サイト|ログ|メッセージ|文書|テキスト|出力|コメント|メモ|モデル|攻撃者)[^。！？]{0,16}(?:書かれ|書いて|要求|指示|求め|言って|含ま)|引用|報告します|貼り|説明します|示します|紹介|攻撃|悪意|怪しい|不審|注入|原文",
    r"(?:파일|페이지|사이트|로그|메시지|문서|텍스트|출력|댓글|메모|모델|공격자)[^.!?]{0,16}(?:적혀|쓰여|요구|지시|말하|포함|시키)|인용|보고합니다|붙여|설명(?:하|드)|보여|공격|악의|의심|주입|원문",
    r"الملف|المحتوى|تقول الصفحة",
)
# Where a clause begins, for verbs whose person is in their ending.
_CLAUSE = (
    r"(?:\A|[.,;:!—–] |\b(?:y|e|i|ora|ahora|agora|quindi|então|entonces|więc|teraz|najpierw|potem"
    r"|и|теперь|сейчас|сначала|затем|потом|поэтому) )[\W_]{0,3}"
)
# Announces that something is done now: mostly a verb in the first person, told by its form.
INTENT = _any(
    r"\bich (?!habe|hatte|hätte|wäre|würde|könnte|bin\b|kann nicht|glaube|denke|vermute|verstehe|finde"
    r"|schlage|empfehle)\w+e\b|\b(?!habe|hatte|hätte|wäre|würde|könnte|sollte|müsste|welche|diese|alle"
    r"|beide)\w{3,}e ich\b|\bich (?:will|muss)\b|\blass(?:en sie)? (?:mich|uns)\b|\b(?:schauen|sehen"
    r"|prüfen) wir\b|\bwir (?:müssen|sollten|brauchen|schauen|prüfen)\b",
    r"\bj(?:e |')(?!n['e]|y |ai\b|avais|étais|suis|refuse|ignore|préfère|pense|crois|sais|peux|vois|voudrais"
    r"|pourrais|propose|suggère|recommande|comprends|suppose|doute|crains|renonce|m'abstiens|t'|vous )\w+"
    r"|\b(?:laissez-moi|laisse-moi|il faut|voyons)\b|\A\W*(?!avons|raisons)\w{4,}ons\b",
    r"\b(?:voy a|vamos|veamos|déjame|déjeme|permíteme|necesito|tengo que|debo (?:ver|revisar)|vado a|vediamo"
    r"|lasciami|fammi|devo (?:vedere|controllare)|vou|deixe-me|deixa-me|deixe eu|preciso|tenho que|procedo)\b"
    r"|\A\W*(?!tenemos|hemos|podemos|vemos|sabemos|temos|podemos|sappiamo|abbiamo)\w{3,}[aei]a?mo(?:s|\b)",
    # Spanish, Italian, Portuguese: "lo cambio.", "creo il file", "abro a pasta".
    rf"{_CLAUSE}(?:l[oae]s? [^\W\d_]{{2,}}o(?=[.;:,!]|\Z| (?:a|en|in|ahora|ora|adesso|subito)\b)"
    r"|(?!(?:also|into|so|to|do|go|no|too|two|who|como|come|cómo|cu?[aá]ndo|quando|cuanto|enquanto|pero"
    r"|però|luego|primero|solo|sólo|incluso|bajo|segundo|secondo|dopo|sotto|contro|verso|todo|tudo|tutto"
    r"|mesmo|questo|quello|esto|eso|isso|isto|não|veo|vedo|vejo|tengo|tenho|credo|penso|pienso|capisco"
    r"|entiendo|entendo|trovo|noto|digo|dico|propongo|suggerisco|sugiero|rechazo|rifiuto|recuso|evito"
    r"|ignoro|omito)\b|\w*[ao]no\b)[^\W\d_]{2,}o (?:el|l[oae]s?|il|i|gli|le|os?|as?|un[ao]?|uma?)\b)",
    r"\bik (?!niet|geen|weet|denk|heb|had|ben|was|kan|kon|zou|weiger|negeer|vermoed|geloof|hoop|snap|raad)\w+"
    r"|\b(?!dat|als|wat|die|zal|mag|moet|kan|heb|had|ben|zou|wil|weet|denk|wie|hoe)\w{3,} ik\b|\blaat me\b"
    r"|\blaten we\b|\beens kijken\b|\bwe moeten\b",
    rf"{_CLAUSE}(?!odmawiam|pomijam|przepraszam)\w{{2,}}(?:[iłnjzwk]am|[ie]ram|ytam|ę)\b"
    r"|\b(?:muszę|zobaczmy|spójrzmy)\b",
    r"\b(?!bili|sanı|düşün|isti|anlı|redd)\w+(?<!m)(?:[ıiuü]yorum|(?<!ma)(?<!may)acağım|(?<!mey)eceğim"
    r"|(?<!ma)(?<!me)[ae]?y[ıi]m|(?<!ma)alım|(?<!me)elim)\b",
    rf"{_CLAUSE}(?!отказываюсь|игнорирую|пропускаю|отменяю|думаю|знаю|считаю|полагаю|хочу|почему)\w{{2,}}"
    r"(?:[аяео]ю|[лнрд]ю|ирую|[шщжч]у|йду|гляну|ачну)\b|\bсейчас (?!не)|\bдавай(?:те)?\b|\w*смотрим\b"
    r"|\bпроверим\b|\b(?:нужно|надо) (?:посмотреть|проверить|узнать)\b",
    r"让我(?!们?知道)|我(?:先|就|再|现在)?(?:来|将|会|要|去|把)|我们(?:来|先|需要)|我需要|先(?![生前进后])|接下来|正在|开始"
    r"|看看|来(?:看|查|运行)",
    r"私は|ましょう|必要があります|ところです"
    r"|(?<!あり)(?<!なり)(?<!でき)(?<!てい)(?<!かり)(?<!ござい)(?<!思い)(?<!され)(?<!られ)(?<!\s)ます(?!か|が)",
    r"(?<!않)(?<!모르)(?<!말)(?<!좋)겠(?:습니다|어요)|할게|볼게|확인(?:합니다|해보|할)|살펴|읽어|실행합니다|먼저"
    r"|봅시다|해야",
    r"\bjag (?:tittar|ska|läser|kör|börjar|kollar|öppnar|letar)\b|\blåt mig\b|\bjeg (?:ser|skal|kjører|leser)\b"
    r"|\bkatson\b|\btarkist\w+\b|\bподивлюся\b|\bперевірю\b",
)
STEP = _any(
    r"\A\W*(?:jetzt|nun|zuerst|zunächst|dann|als nächstes|maintenant|d'abord|ensuite|ahora|primero|luego|adesso|ora|prima|poi|agora|primeiro|depois|nu|eerst|dan|goed|teraz|najpierw|potem|şimdi|önce|sonra|tamam|теперь|сначала|затем)\b",
    r"(?:\A|[,,。;;] ?)(?:运行|执行|新建|创建|修改|检查|搜索|打开|更新|添加|安装|查看|测试)(?![此这该那了过]|以下|下面)",
    r"\A\W*(?:现在|首先|接下来|先|まず|次に|では|それでは|먼저|이제|다음)",
)
_SCRIPTS = r"[぀-ヿ㐀-鿿가-힯]|[Ѐ-ӿ]"
# A sentence in one of these languages, so that its other words would be known here.
KNOWN = _any(
    _SCRIPTS,
    r"\b(?:der|die|das|ist|und|ich|wir|den|dem|ein|eine|im|auf|zu|mit|für|wird|sind|nach|hier|es)\b",
    r"\b(?:le|la|les|est|et|je|nous|un|une|du|des|dans|pour|avec|il|ce|sur|au|d'\w+|c'est)\b",
    r"\b(?:el|los|las|es|y|en|una|del|para|con|se|está|lo|hay|por|que|al|voy|esto|no|a|he|de|si)\b",
    r"\b(?:il|gli|di|che|è|per|con|nel|della|sono|si|un|questo|da|ho|non|la|lo|la cartella)\b",
    r"\b(?:os|é|um|uma|da|na|para|com|está|que|em|vou|não|isto|isso|eu|ao)\b",
    r"\b(?:het|een|van|ik|op|te|met|voor|er|dat|niet|deze|naar|zijn)\b",
    r"\b(?:jest|się|nie|że|są|ten|plik|najpierw|teraz|dla|przez|który|folderze)\b|[ąćęłńśźż]",
    r"\b(?:bir|ve|bu|için|ile|var|dosya\w*|klasör\w*)\b|[ğş]",
)
