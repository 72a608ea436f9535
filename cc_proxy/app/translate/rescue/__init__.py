"""Tool calls that a model wrote into its text, turned into calls while the answer streams.

Where the line is drawn
-----------------------
Only a tool that the client declared is ever called: by its exact name, or as the only one that
differs in letter case. When in doubt, text stays text, byte for byte.

**Marked calls** are written with a family's own tokens or tags (`<tool_call>`, `<function=Read>`,
`[TOOL_CALLS]`, `<|python_tag|>`, DeepSeek's, Kimi's, harmony's …). They count when complete, and
where they begin a line or follow a finished sentence. Where such a call is the last thing in the
answer, it counts unless it is presented as an example. Where more text follows on a new line (or,
after a call that begins the answer, behind its closing token), it counts only if the answer began
with it or announced it ("I'll …", "let me …"), and what follows neither asks a question nor talks
about it. Any other text behind it on the same line makes it a quotation.

**Bare calls** have nothing but their shape: a JSON object with a name and arguments and no other
keys, a Python list like `[Read(file_path='a')]`, or a fence which holds only that. They count only
where they begin a line, nothing but calls follows to the end of the answer, the arguments name at
least one that the tool has, and what was said before announces them: a plain statement does not.

**Never a call**: what stands in a code fence (a fence that is a bare call aside), in backticks,
in quotation marks or parentheses, in a list item, a block quote, a table or indented code; what
is announced as an example ("for example", "it would look like", "you could run", "do not run"),
left to the person ("shall I?", "once you confirm", "let me know"), pointed at ("it prints this"),
the end of a sentence that is not finished, or said by a colon or a title without an intention
("the log says:"); what follows words in a language that announce nothing that is known here; what
stands in a conversation that is written down ("User: …", "Assistant: …"); once an answer held an
example, any further call that no intention announces; a sentence that only says what will be done;
a call inside the argument of another.

**Whole or not at all**: an answer may end without a call's closing tags or its last brackets, if
every required argument is there and it was not cut by length. It may not end inside a string or an
argument, after a comma or a number. Slips with one reading are read (`literal`); a quote that is
not escaped, an argument given twice, brackets that do not match are not.

Text is held back only while it may still become a call; what was read is not read again, so the
work is linear in the answer. Arguments that are wrong are none of this: `mend` has them.
"""

from cc_proxy.app.translate.rescue.calls import RescuedCall
from cc_proxy.app.translate.rescue.said import announces
from cc_proxy.app.translate.rescue.scanner import Rescue

__all__ = ["Rescue", "RescuedCall", "announces"]
