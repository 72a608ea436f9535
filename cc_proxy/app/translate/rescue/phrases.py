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
_SHOWS = r"(?:show|explain|demonstrate|illustrate|describe|quote)\b"

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
    r"\blooks? (?:something )?like (?:this|that|so)\b",
    r"\blike (?:this|so)\s*[:.]?\s*\Z",
    r"\bas follows\b",
    rf"\byou (?:could|can|may|might|would|should|must|will|need to|have to)(?: \w+)? {_DO}",
    rf"\b{_WHO} (?:could|would|might)(?: \w+)? {_DO}",
    r"\b(?:do not|don't|never|cannot|can't|won't|shouldn't|must not) (?:\w+ )?"
    r"(?:run|call|execute|use|write|do|send|invoke|make|emit)\b",
    rf"\b(?:let me|I'll|I will|I can|I'm going to) (?:\w+ )?{_SHOWS}",
    r"\b(?:would you like|do you want|shall I|should I|want me to|may I)\b[^.!]*\?\s*\Z",
    r"\b(?:hypothetical|pseudo-?code|illustration|sample (?:call|output|of))",
    r"例如|比如|例えば|たとえば|예를 들어|например",
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
    r"\bhere(?:'s| is| are) (?:how|what|an?\b)",
    r"\bthis is (?:how|what)\b",
    r"\bmeans\b|\bwritten as\b|\bsuch as\b|\bquot(?:e|ed|ing)\b",
    r"\b(?:is|are|was|were)\W*\Z",
    r"\bwould(?: then)? \w+",
    r"^\s*#{1,6} ",
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
    r"\b(?:let me|let us|let's|I'll|I will|I shall|I'm going to|I am going to|I'm about to)\b",
    r"\b(?:I need to|I should|I must|I have to|I want to|we need to|we should|we'll|going to)\b",
    r"\b(?:I'm (?:now )?\w+ing|I am \w+ing)\b",
    r"\b(?:I'd|I would) like to\b|\btime to\b",
    r"让我|我来|我将|我会|我先|我们来|私は|ましょう|します",
    r"\b(?:ich (?!habe|hatte)\w+|lass mich|je vais|laissez-moi|voy a|déjame|vamos a|vou|lascia)\b",
    r"\b(?:сейчас|давай|посмотрим)",
)
# Introduces what follows, so it must say that something is done.
COLON = re.compile(r"[:：][\s*_]*\Z")
# A word that a step begins with announces it too, but outweighs no more than a colon.
STEP = _any(
    r"\A\W*(?:now|next|first|then|second|third|finally|step|ok|okay|sure|alright)\b",
    r"\A\W*(?:reading|checking|running|looking|searching|writing|creating|updating|editing"
    r"|calling|using)\b",
)
# Said after a call, takes it back: a question, or talk about it.
DOUBT = _any(
    r"[?？]",
    r"\A\W*(?:this|that|these|those|the (?:above|call|first|tool|model|server|format|opening|tag)"
    r"|which|where|and|or|is|as you|it|note)\b",
    r"\b(?:example|format|syntax|would|you (?:can|could|may|might))\b",
)
