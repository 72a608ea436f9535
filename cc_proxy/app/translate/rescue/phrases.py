"""The words that present a call as an example, and those that announce a real one."""

# ruff: noqa: RUF001 - fullwidth punctuation is what models write

import re


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE | re.MULTILINE)


_DO = (
    r"(?:run|call|use|try|write|send|invoke|execute|type|emit|issue|make|request|see|get|start|do"
    r"|output|produce|generate|return|respond|answer|reply)\b"
)
_THINGS = r"(?:file|folder|director|project|app|test|config|script|code|module)"
_WHO = r"(?:I|one|we|it|he|she|they|someone|model|assistant)"
_FAMILIES = r"hermes|qwen\S*|llama\S*|mistral|deepseek|gemma|kimi|glm|granite|phi"
_SPEAKERS = rf"(?:models?|assistant|server|llm|parser|template|client|agent|proxy|{_FAMILIES})"
_SAYS = (
    r"(?:writes?|emits?|outputs?|produces?|answers?|returns?|sends?|generates?|replie[sd]"
    r"|expects?|sees|responds?|wrote|said|uses?)\b"
)
_SHOWS = (
    r"(?:(?:show|explain|demonstrate|illustrate|describe|quote)\b"
    r"|(?:give|tell|walk|take|remind) (?:you|us)\b)"
)
_GRANTS = r"(?:approve|confirm|agree|allow|accept|say|tell|give|grant|permit|consent|okay|ok)"

# Presents what comes next as an example, whatever else is said.
EXAMPLE = _any(
    r"\bfor (?:example|instance)\b",
    r"\be\.g\.",
    r"\bexamples?\s*(?:\d+\s*)?[:.)*_]*\s*\Z",
    r"\b(?:as|is|be|just|only|here's|here is|this|another|one) (?:an? |the )?examples?\b"
    rf"(?! {_THINGS})",
    r"\bif you(?:'d| would)? (?:want|like|agree|wish|prefer|need|ever)\b",
    r"\bexample (?:of|call|usage|output|tool|response|answer|invocation)",
    r"\b(?:would|should|could|might|may|will|must|can) (?:then )?look (?:something |a bit )?like",
    r"\bthis is (?:how|what)\b",
    r"\blooks? (?:something )?like (?:this|that|so)\b",
    r"\blike (?:this|so)\s*[:.]?\s*\Z",
    r"\bas follows\b",
    rf"\byou (?:could|can|may|might|would|should|must|will|need to|have to)(?: \w+)? {_DO}",
    rf"\b{_WHO} (?:could|would|might)(?: \w+)? {_DO}",
    r"\b(?:(?:do|did|will|would|should|must|have|has|can)(?:n't| not)|never|cannot|can't|won't)"
    r" (?:\w+ )?"
    r"(?:run|call|execute|use|write|do|send|invoke|make|emit)\b",
    rf"\b(?:let me|I'll|I will|I can|I'm going to) (?:\w+ )?{_SHOWS}",
    r"\b(?:would you like|do you want|shall I|should I|want me to|may I)\b[^.!]*\?\s*\Z",
    r"\bif (?:that|this|everything|all|it)(?: is|'s| looks| sounds)\b|\btend to\b",
    r"\b(?:hypothetical|pseudo-?code|illustration|sample (?:call|output|tool|of))",
    # Waits for a word of the person.
    rf"\b(?:once|when|after|as soon as|until|unless|before|if) you(?:'ve| have)? {_GRANTS}",
    r"\blet me know\b|\bwith your (?:permission|approval|consent|okay|ok)\b",
    r"\b(?:your|for) (?:permission|approval|confirmation|go-ahead)\b|\bplease confirm\b",
    r"例如|比如|例えば|たとえば|예를 들어|например",
    r"如下|以下(?:格式|形式|のよう)|次のよう|다음과 같|следующим образом|выглядит",
    r"\b(?:so aus|wie folgt|folgendermaßen|comme (?:suit|ceci)|como sigue|come segue)\b",
    r"zum Beispiel|\bz\. ?B\.|par exemple|por ejemplo|ad esempio|por exemplo",
)
# Talks about calls; an intention in the same sentence outweighs it.
ABOUT = _any(
    r"\b(?:format|syntax|template|notation|schema|convention|shape|structure|spelling)\b"
    r"[^.!?\n]{0,80}\Z",
    rf"\b{_SPEAKERS} (?:\w+ )?{_SAYS}",
    rf"\b(?:one|which|that) {_SAYS}",
    r"\b(?:log|transcript|output|input|form|raw|text|trace|error|issue|message|prompt|docs?"
    r"|documentation|readme|spec)\b[^.!?\n]{0,60}:\W*\Z",
    # The call itself is what is spoken of, or the family that writes so.
    rf"\btool[- ]?calls?\b|\b(?:this|that|these|those|same|such) calls?\b|\b(?:{_FAMILIES})\b",
    r"\b(?:previous|earlier|last|prior) (?:turn|session|message|answer|reply|conversation)\b",
    r"\b(?:tool-?)?aufrufe?\b|\bappels?\b|\bllamadas?\b|\bchiamat[ae]\b|\bchamadas?\b",
    r"вызов|呼び出し|호출|调用(?:格式|示例|形式)|格式|出力(?:する|します)|输出",
    r"\bhere(?:'s| is| are) (?:how|what|an?\b)",
    r"\bmeans\b|\bwritten as\b|\bsuch as\b|\bquot(?:e|ed|ing)\b",
    r"\b(?:is|are|was|were)\W*\Z",
    r"\bwould(?: then)? \w+",
)
# A title says what comes, as a colon does.
HEADING = _any(r"\A\s*#{1,6} ")
# Points at what follows, or tells the person to do it, and says nothing of doing it.
POINTS = _any(
    r"(?<!\A)\b(?:this|these|(?:the )?following|below|like that)\b",
    r"\bnext (?:\w+ )?lines?\b",
    r"\A(?!\s*(?:[-*+•]|\d+[.)])\s)\W*(?:please|bitte|answer|be careful|compare|confirm|copy"
    r"|double-?check|enter|make sure|note|notice|observe|only run|paste|put|quote|remember|reply"
    r"|respond|submit)\b",
    r"\b(?:contain|say|read|include|state|tell)s? (?:me to|you to|that|it)\W*\Z",
    r"\b(?:proposals?|proposed|pending your|refused?|declined?|up to you|to you to|verbatim)\b",
    r"\b(?:only|just) (?:show|quot|illustrat|demonstrat)\w*",
    r"\b(?:samples?|one more|another one)\W*\Z",
    r"\bI(?:'d| would)? suggest\b|\b(?:injected|injection|planted|suspicious|malicious)\b",
    r"\bhidden (?:text|instruction|command|prompt)|<!--",
    r"\b(?:xml|html|opening|closing|special) (?:tags?|tokens?)\b|\b(?:opener|closer)\b",
)
# Enough to tell that a sentence is English, or that nobody can tell.
ENGLISH = _any(
    r"\b(?:the|an?|is|are|was|has|have|had|to|of|in|it|its|on|for|with|and|not|no|that|now|there|I|we"
    r"|my|you|your|all|only|but|so|still|fails?|found|done|ok|okay)\b",
    r"\A[\W\d_]*\Z",
    r"\A\W*[a-z]+\W*\Z",
)
# The same for what has nothing but its shape: it may be what a person asked for.
ABOUT_BARE = _any(
    r"\bhere(?:'s| is| are)\b",
    r"\b(?:json|payload|body|request|config\w*|object|response|result|output|snippet|list"
    r"|definition|requested|asked for|equivalent|code|command|following)\b"
    r"(?:[^.!?\n]{0,80}:\W*|\s*)\Z",
)
# Announces that something is done now.
INTENT = _any(
    r"\b(?:let me(?! know)|let us|let's|I'll|I will|I shall|I'm about to)\b",
    r"\b(?:I'm|I am) going to\b",
    r"\b(?:I need to|I should|I must|I have to|I want to|we need to|we should|we'll|going to)\b",
    r"\b(?:I'm|I am) (?:now )?(?!suggest|propos|quot|show|ask|plan|wait|refus|skip)\w+ing\b",
    r"\b(?:I'd|I would) (?:like to|better)\b|\btime to\b|\bmy next step\b|\bon to\b",
    r"\A\W*need to\b",
    r"让我|我来|我将|我会|我先|我们来|我(?:们)?需要|私は|ましょう|します|みます|하겠|할게",
    r"\b(?:ich (?!habe|hatte|würde|könnte)\w+|lass mich|je (?!n')\w+|laissez-moi|voy a|déjame)\b",
    r"\b(?:vamos|vou|lascia|eseguo|controllo|leggo|verifico|cerco|vado)\b",
    r"\b(?:сейчас|давай|посмотрим|запускаю|проверю|проверяю|читаю|прочитаю|открываю|ищу)",
)
# Asked of the person; what a model wonders itself, it may well look up.
ASKS = _any(r"[?？]\W*\Z")
WONDERS = _any(
    r"\A\W*(?:(?:but|so|and|hmm+|wait|now|ok|okay),? )*"
    r"(?:why|what|where|how|which|who|when|does|did)\b"
    r"(?!.*\b(?:you|your|I|we)\b)"
)
# Introduces what follows, so it must say that something is done.
COLON = re.compile(r"[:：][\s*_]*\Z")
# A word that a step begins with announces it too, but outweighs no more than a colon.
STEP = _any(
    r"\A\W*(?:jetzt|nun|zuerst|zunächst|dann|maintenant|d'abord|ensuite|ahora|primero|luego|adesso"
    r"|ora|prima|agora|primeiro|теперь|сначала)\b",
    r"\A\W*(?:现在|首先|接下来|先|好的|まず|次に|では|먼저|이제)",
    r"\A\W*(?:now|next|first|then|second|third|finally|step|ok|okay|sure|alright)\b",
    r"\A\W*(?:reading|checking|running|looking|searching|writing|creating|updating|editing"
    r"|calling|using|investigating|inspecting|verifying|fixing|adding|listing|installing|opening"
    r"|fetching|exploring|finding|applying|implementing|removing|replacing|renaming|committing"
    r"|correcting|deleting|retrying|trying|testing|starting|building)\b",
)
# Said after a call, takes it back: a question, or talk about it.
DOUBT = _any(
    r"[?？]",
    r"\A\W*(?:this|that|these|those|the (?:above|call|first|tool|model|server|format|opening|tag)"
    r"|which|where|and|or|is|as you|it|note)\b",
    r"\b(?:example|format|syntax|would|you (?:can|could|may|might))\b",
)
