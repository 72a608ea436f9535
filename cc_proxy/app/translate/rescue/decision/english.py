"""The words of English by what they do to a call that they stand beside.

Each class is a kind of evidence, not a list of sentences: who acts, whether it is done, who decides,
who speaks.
"""

import re


def _any(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts), re.IGNORECASE | re.MULTILINE)


_ACT = (
    r"(?:run|runn?ing|ran|execut\w*|call(?:ed|ing)?|do(?:ne|ing)?|did|mak(?:e|ing)|made|us(?:e|ed|ing)"
    r"|invok\w*|perform\w*|carr(?:y|ied|ying)|follow(?:ed|ing)?|act(?:ed|ing)?|obey\w*|comply\w*"
    r"|complied|proceed\w*|issu(?:e|ed|ing)|start(?:ed|ing)?|send(?:ing)?|sent|submit\w*|emit\w*|try"
    r"|tried|want|apply|applied|delet\w*|remov\w*|touch\w*|writ(?:e|ten|ing)|go|need\w*)"
)
_THIS = (
    r"(?:this|that|it|them|these|those|here|such|any(?:thing| of)?|the (?:following|above|below|call"
    r"|command|request|instruction\w*|tool|script|code))\b"
)
_DO = (
    r"(?:run|call|use|try|write|send|invoke|execute|type|emit|issue|make|request|see|get|start|do"
    r"|output|produce|generate|return|respond|answer|reply|paste|put|enter)\b"
)
_AGREES = (
    r"(?:approv\w*|confirm\w*|agree\w*|allow\w*|accept\w*|say|tell|give|grant\w*|permit\w*|consent\w*"
    r"|ok(?:ay)?|nod|authori[sz]e\w*|sign off|want|like|wish|prefer|need|reply|answer|respond|green-?"
    r"light|decide|choose|let me|are (?:happy|fine|ok|okay|sure|ready|good)|'re (?:happy|fine|ok|okay"
    r"|sure|ready|good))"
)
_SHOWN = (
    r"(?:past(?:e|ing)|quot(?:e|ing)|cit(?:e|ing)|flag(?:ging)?|mention(?:ing)?|warn(?:ing)?"
    r"|report(?:ing)? (?:it|them|this|that|what|these)|repeat(?:ing)? (?:what|the (?:text|message|words"
    r"|prompt|instruction|output|line)|it|this|that|verbatim)|reproduc(?:e|ing) (?:what|the (?:text"
    r"|message|output))|illustrat(?:e|ing)|demonstrat(?:e|ing)|point(?:ing)? out|stress"
    r"|show(?:ing)? (?:you |us )?(?:what|how|the (?:format|syntax|call|text|wording|shape|exact|raw"
    r"|output|log|message))|explain(?:ing)?|describ(?:e|ing)|walk(?:ing)? (?:you|us)\b"
    r"|(?:give|tell|take|remind) (?:you|us)\b|copy(?:ing)? (?:what|here|the (?:text|message|output)))"
)
_FAMILIES = (
    r"hermes|qwen\S*|llama\S*|mistral\S*|deepseek\S*|gemma\S*|kimi\S*|glm\S*|granite|phi\S*|gpt-oss"
)
_SPEAKERS = rf"(?:models?|assistants?|server|llm|parser|template|client|agent|proxy|{_FAMILIES})"
_SAYS = (
    r"(?:writes?|emits?|outputs?|produces?|answers?|answered|returns?|returned|sends?|sent|generates?"
    r"|replie[sd]|expects?|sees|responds?|responded|wrote|said|says?|uses?|used|contains?|contained"
    r"|reads|states?|prints?|printed|shows?|showed|includes?|demands?|tells?|told|asks?|asked|wants?"
    r"|instructs?|proposes?|suggests?|tried|receives?|received|gets?|got|gives?|gave|pasted|posted|typed"
    r"|quoted|holds?|held|begins?|starts? with|carries|carried|renders?|becomes?)\b"
)

# Presents what comes next as an example, whatever else is said.
EXAMPLE = _any(
    r"\bfor (?:example|instance)\b|\be\.g\.",
    r"\bexamples?\s*(?:\d+\s*)?[:.)*_]*\s*\Z",
    r"\b(?:as|is|be|just|only|here's|here is|this|another|one) (?:an? |the )?examples?\b"
    r"(?! (?:file|folder|director|project|app|test|config|script|code|module))",
    r"\bexample (?:of|call|usage|output|tool|response|answer|invocation)",
    r"\b(?:would|should|could|might|may|will|must|can) (?:then )?look (?:something |a bit )?like",
    r"\b(?:would|could|might|should) then \w+",
    r"\bthis is (?:how|what)\b",
    r"\blooks? (?:something )?like (?:this|that|so)\b|\blike (?:this|so)\s*[:.]?\s*\Z",
    r"\bas follows\b",
    rf"\byou (?:could|can|may|might|would|should|must|will|need to|have to)(?: \w+)? {_DO}",
    rf"\b(?:I|one|we|it|he|she|they|someone|model|assistant) (?:could|would|might)(?: \w+)? {_DO}",
    r"\b(?:hypothetical\w*|pseudo-?code|illustrations?|sample (?:call|output|tool|of))\b",
    r"\b(?:suppose|imagine|assume|pretend|consider|say) (?:that |the |a |an |this |for |I |we |someone)",
    r"\btend to\b|\bin theory\b|\btheoretically\b",
)
# The person is to decide: a question, a condition, a request for consent.
CONSENT = _any(
    rf"\b(?:once|when(?:ever)?|after|as soon as|until|unless|before|if|in case|provided(?: that)?"
    rf"|should) you(?:r|'d|'ve| have| do| would| are|'re| all| both)?\b.{{0,24}}?\b{_AGREES}\b",
    r"(?<!see )(?<!check )\bif (?:that|this|everything|all|it)(?: is|'s| looks| sounds| seems| works)?"
    r" (?:is |looks? |sounds? )?(?:fine|good|ok|okay|right|all right|alright|acceptable|correct|what)",
    r"\b(?:say|reply|answer|respond|type|press|enter|nod|click|confirm|approve|agree)\b.{0,20}"
    r"\b(?:yes|go|ok|okay|y|so|the word|and|or)\b.{0,12}\bI\b",
    r"\b(?:your|for) (?:explicit |final |prior )?(?:approval|permission|confirmation|consent"
    r"|go-?ahead|ok|okay|word|green light|decision|answer|reply|nod|blessing|sign-?off|call|review"
    r"|agreement|yes|verdict|say-?so|input)\b",
    r"\A\W*(?:just |please )?(?:give|say|tell|send|type|reply|approve|confirm|grant|show|hand)\b.{0,40}"
    r"\b(?:and|then) (?:I|we)\b",
    r"\b(?:the|an?|explicit|final) (?:go-?ahead|green light|ok|okay|nod|approval|permission|confirmation|consent)\b",
    r"\b(?:tell|ask) me (?:if|whether|when|to)\b|\bif I (?:may|should|can|am allowed|am to)\b",
    r"\blet me know\b|\bplease (?:confirm|approve|advise|decide|choose)\b|\bawaiting\b",
    r"\b(?:wait|waiting) (?:for|on|until) (?:you|an? (?:ok|okay|answer|yes|go)|confirmation|approval)",
    r"\bup to you\b|\byou to decide\b|\bat your (?:command|request|convenience)\b",
    r"\b(?:would you like|do you want|want me to|shall (?:I|we)\b(?!\s+not)|should I\b|may I\b|can I\b"
    r"|could I\b|ok(?:ay)? (?:to|if I)|mind if|do I have|is it ok\w*|are you (?:ok|okay|sure|happy"
    r"|fine))\b[^.!]*[?:]\s*\Z",
    r"\bneeds? (?:you|someone) to (?:approve|confirm|agree|allow)",
    r"\b(?:pending|subject to|needs?|requires?|without|with) (?:your|an?|human|explicit|user)?"
    r" ?(?:approval|permission|confirmation|consent|authori[sz]ation)\b",
    r"\bI(?:'d| would)? (?:suggest|propose|recommend)\b|\bmy (?:suggestion|proposal|recommendation)\b",
    r"\b(?:proposals?|proposed)\b",
)
# It will not be done, or was not: an act, denied, whose object is the text here.
REFUSAL = _any(
    rf"(?:\bnot|n't|\bnever|\bcannot)\b(?: \w+){{0,3}}? {_ACT}\b(?: \w+){{0,2}}? {_THIS}",
    r"(?<!is )(?<!are )(?<!was )(?<!were )(?<!be )(?<!been )\b(?:refus|declin|ignor|disregard|reject|disobey"
    r"|overlook|omitt?)(?:e|ed|ing)?\b",
    rf"\b(?:skip|avoid|block|stop|cancel|postpone|suspend|defer|resist|leav)(?:p?ing|s|ped|ed|e)?\b"
    rf"(?: \w+){{0,3}}? {_THIS}",
    r"\bhold(?:ing)? (?:off|back)\b|\bback(?:ing)? (?:off|out)\b|\bstay(?:ing)? (?:away|out|clear)\b",
    rf"\b(?:instead of|rather than|without) (?:\w+ )?\w+ing (?:\w+ )?{_THIS}",
    rf"\b(?:no|nothing|none)\b[^.!?\n]{{0,30}}\b(?:was|were|is|has been|have been|gets?|will be|got)"
    rf" (?:\w+ )?{_ACT}\b",
    r"\bI (?:have|did|do|will|would|could) (?:nothing|no such)\b|\bI (?:do|did) not want\b",
    r"\bagainst (?:running|doing|executing|calling)\b|\bno intention\b|\bnot going to happen\b",
    rf"\A\W*(?:please )?(?:do not|don't|never|don't ever) (?:\w+ )?{_ACT}\b",
    r"\bI(?:'ll| will|'m going to|'d) (?:rather |better )?(?:pass on|leave) (?:this|that|it)\b",
)
# Denied, whatever the object is: enough where a colon points at the call.
DENIAL = _any(
    r"(?:\bnot|n't|\bnever|\bcannot|\brefus\w+|\bdeclin\w+|\bwithout running)\b",
)
# Somebody else's words: a source that wants, says or holds something, or words to be shown.
REPORT = _any(
    r"\b(?!user\b|you\b|they\b|we\b|request\b|task\b|prompt\b|human\b|person\b|issue\b|ticket\b)[\w./'-]+"
    r" (?:\w+ )?(?:wants?|asks?|asked|tells?|told|instructs?|instructed|orders?|ordered|demands?|urges?"
    r"|tries|tried|trying|expects?|commands?|invites?|tempts?|begs?) (?:(?:me|us)\b(?! (?:what|where|which|why) (?!to"
    r"\b|I\b|we\b))|you|the (?:assistant|model|agent|ai|reader|llm)|\w+ to (?:run|execute|call|delete))\b",
    rf"\b(?:let me|let us|let's|I'll|I will|I shall|I can|I should|I must|I have to|I'm|I am|I want to"
    rf"|I need to|I would|I'd|we'll|going to|allow me to|to)(?: \w+)? {_SHOWN}\b",
    r"\b(?:attack(?:er|s)?|injected|injection|malicious|planted|suspicious|untrusted|phishing"
    r"|jailbreak)\b",
    r"\bhidden (?:\w+ )?(?:text|instruction|command|prompt|message|call|in)|\btrick(?:s|ed|ing)?"
    r" (?:me|us|you|the)\b|<!--",
    r"\b(?:found|saw|see|noticed|spotted|discovered) (?:this|these|an?|the|some)?"
    r" ?(?:\w+ )?(?:instructions?|prompt|command)s?\b",
    r"\A\W*(?:now |just |only |i'm |merely )?(?:quoting|citing|pasting|repeating|reporting|flagging|showing"
    r"|mentioning|translating|illustrating|demonstrating|explaining|reproducing|copying)\b",
    r"\bverbatim\b|\bword for word\b|\bto the letter\b|\bquot(?:e|es|ed|ation)\b",
)
# Introduced by a colon or a line without an end, and about words: what follows is what was said.
SAYING = _any(
    r"\b(?:says|reads|states)\b",
    rf"\b{_SPEAKERS} (?:\w+ )?{_SAYS}",
    rf"\b(?:one|which|that|who|it|he|she|they|[\w.-]+\.\w{{1,5}}|file|page|site|log|readme|issue|comment"
    rf"|document|docs?|message|e-?mail|note|output|result|result|line|server|user|prompt|somebody"
    rf"|someone|author|attacker|colleague|text|answer|transcript|wire|stream|tool|we|you) (?:\w+ ){{0,2}}?{_SAYS}",
    r"\b(?:log|transcript|output|input|form|raw|text|trace|message|docs?|documentation|readme|spec"
    r"|payload|body|response|fixture|sample|snippet|object|definition|content|contents|wording)\b"
    r"[^.!?\n]{0,60}\Z",
    r"\b(?:format|syntax|template|notation|schema|convention|shape|structure|spelling)\b[^.!?\n]{0,80}\Z",
    r"\bthe (?:(?:assistant|model|agent|llm|parser)'s|call (?:was|is|would|I)|equivalent)\b",
    r"\b(?:is|are|was|were|reads|becomes|means|into|as|with|to|than|given|written|such)\W*\Z",
    r"\b(?:compare|note|notice|remember|observe|paste|put|copy|enter|submit|answer|reply|respond"
    r"|only run|make sure)\b[^.!?\n]{0,40}\Z",
)
# Talks about calls; an intention in the same sentence outweighs it.
ABOUT = _any(
    r"\b(?:this|that|these|those|same|such|wrong|correct|valid|whole) (?:tool[- ]?)?calls?\b",
    rf"\bA (?:tool[- ]?)?call\b|\b(?:is|are|was) an? (?:tool[- ]?|function[- ]?)?calls?\b"
    rf"|\btool[- ]?calls? (?:is|are|was|were|look|consist|begin|in|as|has|have)\b|\b(?:{_FAMILIES})\b",
    r"\b(?:previous|earlier|last|prior) (?:turn|session|message|answer|reply|conversation)\b",
    r"\bhere(?:'s| is| are) (?:how|what|an?\b|the (?:text|translation|answer|transcript|quote|excerpt"
    r"|log|output|json|object|payload|request|result|raw|exact|message|format|wording|line|content))",
    r"\b(?:means|written as|such as|encoded as|rendered as)\b",
    r"\b(?:this|that|it|below|above) (?:is|are|was|were) (?:the|what|how|an?|where|part|not|only)\b",
    r"\b(?:text|translation|transcript|excerpt|quotation|wording|contents?) of (?:the|this|that|my|an?)\b",
    r"\b(?:only|just) (?:show|quot|illustrat|demonstrat)\w*",
    r"\b(?:xml|html|opening|closing|special) (?:tags?|tokens?)\b|\b(?:opener|closer)\b",
    r"\bpast(?:e|ed|es) (?:there|here|in|by)\b|\bthe (?:text|translation|transcript|quotation)\W*\Z",
    r"\b(?:opposite|equivalent|counterpart|spelling)\b",
)
# Points at what follows and says nothing of doing it.
POINTS = _any(
    r"(?<!\A)\b(?:this|these|(?:the )?following|below|like that)\b",
    r"\bnext (?:\w+ )?lines?\b",
    r"\A(?!\s*(?:[-*+•]|\d+[.)])\s)\W*(?:please|be careful|compare|confirm|copy|double-?check|enter"
    r"|make sure|note|notice|observe|only run|paste|put|quote|remember|reply|respond|submit)\b",
    r"\b(?:contain|say|read|include|state|tell)s? (?:me to|you to|that|it)\W*\Z",
    r"\b(?:samples?|one more|another one)\W*\Z",
)
HERE_IS = _any(r"\bhere(?:'s| is| are| you (?:go|are))\b")
# About words and texts, loosely: enough to doubt a call that changes something.
OF_TEXT = _any(
    r"\b(?:text|the translation|quote|calls?|page|website|instructions?|prompt|transcript|log"
    r"|message|wording|json|payload|careful|warning|beware|example|sample)\b"
)
# Announces that something is done now.
INTENT = _any(
    r"\b(?:let me(?! know)|let us|let's|I'll|I will|I shall|I'm about to|allow me to)\b",
    r"\b(?:I'm|I am|we're|we are) going to\b",
    r"\b(?:I need to|I should|I must|I have to|I want to|we need to|we should|we must|we have to|we'll"
    r"|going to|I need|we need)\b",
    r"\b(?:I'm|I am) (?:now )?\w+ing\b|\b(?:I'm|I am) on it\b",
    r"\b(?:I'd|I would) (?:like to|better)\b|\btime to\b|\bmy next step\b|\bon to\b|\bthen I\b|\bnext I\b",
    r"\b(?:need|needs|have|has) to (?:see|know|check|look|find|read|list|verify|be)\b",
    r"\A\W*need to\b|\bso (?:call|run|use|list|read|check|I|we|that|it)\b.{0,40}\bfirst\b|\bso call\b",
    r"\bto (?:look at|check|do|fix|read|see|verify|test) (?:next |now |first )?is\b|\buseful to see\b",
)
# A word that a step begins with announces it too, but outweighs no more than a colon.
STEP = _any(
    r"\A\W*(?:now|next|first|then|second|third|finally|step|again)\b",
    r"(?:\A|[.!?:;,—–-])\W*(?:re)?(?:reading|checking|running|looking|searching|writing|creating"
    r"|updating|editing|calling|using|investigating|inspecting|verifying|fixing|adding|listing"
    r"|installing|opening|fetching|exploring|finding|applying|implementing|removing|replacing"
    r"|renaming|committing|correcting|deleting|retrying|trying|testing|starting|building|moving"
    r"|cleaning|continuing|proceeding|setting|making|taking|going|getting|changing|converting"
    r"|refactoring|formatting|pushing|pulling|merging|downloading|copying|comparing|confirming"
    r"|examining|scanning|viewing|grepping|generating|preparing|patching|rewriting|saving)\b",
    r"\A\W*(?:to (?:answer|do|fix|find|solve|see|check|understand|verify|confirm|get|begin|start)\b)"
    r".*\b(?:I|we|let)\b",
    r"\bsteps?\s*\d|\A\W*#{1,6}\s+(?:investigat|check|runn|read|fix|step|test|updat|writ|creat)",
)
# Asked of the person; what a model wonders itself, it may well look up.
ASKS = _any(r"[?？]\W*\Z")
WONDERS = _any(
    r"\A\W*(?:(?:but|so|and|hmm+|wait|now|ok|okay),? )*"
    r"(?:why|what|where|how|which|who|when|does|did|is|are|has|was|were)\b"
    r"(?!.*\b(?:you|your|I|we|me|ok|okay|fine|right|good)\b)"
)
# A label: a few words that name what follows, and nothing that is done.
LABEL = _any(
    r"\A(?!.*(?:ing\b|step|now|next|first|then))[\W_]*(?:\w+ )?\w+[\W_]*[:：][\W_]*\Z",
    r"\A[\W_]*(?:option|variant|example|case|sample|version|alternative|choice|approach|scenario)"
    r" [A-Z0-9]\b.{0,12}\Z",
    r"\A\W*(?:an?|my|your|our|some|another|two|three)\b[^.!?]*[:：][\W_]*\Z",
    r"\A\s*(?://|/\*|--(?!-)|#!|;;)",
)
COLON = re.compile(r"[:：][\s*_]*\Z")
HEADING = _any(r"\A\s*#{1,6} ")
# A condition that is what somebody wants to find out, and not one on which it depends.
FINDING_OUT = _any(
    r"(?<!let me )\b(?:see|check|verify|test|tell|determine|find out|make sure|ensure|confirm|know|look"
    r"|examine)"
    r" (?:if|whether)\b[^.;]*"
)
# A sentence that a person can tell to be English, or a word or figures that nobody can.
ENGLISH = _any(
    r"\b(?:the|an?|is|are|was|has|have|had|to|of|in|it|its|on|for|with|and|not|no|that|now|there|I|we"
    r"|my|you|your|all|only|but|so|still|fails?|found|done|ok|okay|good|looks?|tests?|files?|error|line"
    r"|wrong|right|missing|great|perfect|build|same|more|one|here|go|should|be|passed|created|this|these"
    r"|what|which|where|when|how|why|need|needs|let|me|if|at|from|by|as|will|can|would|must|first|then"
    r"|again|just|also|because|after|before|into|out|find|see|value|folder|first|next|check|list|read"
    r"|run|does|did|been|were|any|some|there|they|he|she|them|than|up|use)\b",
    r"\bh+m+\b|\A[\W\d_]*\Z",
    r"\A\W*[a-z]+\W*\Z",
)
# Said after a call: goes on with its sentence, or talks about it.
AFTER = _any(
    r"\A\W*(?:this|that|it|these|those|above|(?:the )?(?:above|call|tool call|command|model|server"
    r"|format|opening|tag|template|block|first|line)) (?:\w+ )?(?:is|are|was|were|would|should|could|might"
    r"|may|must|will|can|means|shows? (?:how|what)|comes|came|has|contains|consists|deletes?|puts?"
    r"|object|begins|ends|follows|tells?|looks?|goes|stands?)\b",
    r"\A\W*(?:which|where|and|or|is|as you|note|instead|in that|with|into|but)\b",
    r"\b(?:example|format|syntax|you (?:can|could|may|might)|would(?: then)? \w+)\b",
    r"\A\W*(?:expected|actual|option|variant|or)\b",
)
