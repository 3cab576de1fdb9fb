package bot

import "bytes"

// blocksMember begins the one large member of a payload that nobody reads: what
// the message or the form looked like when we made it.
const blocksMember = `"blocks":[`

// trimmed leaves out what the blocks of a payload hold, so that reading the rest is
// quick. A text in which they do not end is returned as it is.
func trimmed(raw []byte) []byte {
	at := bytes.Index(raw, []byte(blocksMember))
	if at < 0 {
		return raw
	}
	out := make([]byte, 0, len(raw))
	rest := raw
	for ; at >= 0; at = bytes.Index(rest, []byte(blocksMember)) {
		inside := at + len(blocksMember)
		n := arrayEnd(rest[inside:])
		if n < 0 {
			return raw
		}
		out = append(out, rest[:inside]...)
		rest = rest[inside+n:]
	}
	return append(out, rest...)
}

// arrayEnd is where the array ends that a text is inside of, -1 if it does not.
func arrayEnd(text []byte) int {
	depth := 1
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			n := stringEnd(text[i+1:])
			if n < 0 {
				return -1
			}
			i += 1 + n
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// stringEnd is where the string ends that a text is inside of, -1 if it does not.
func stringEnd(text []byte) int {
	for i := 0; ; i++ {
		n := bytes.IndexByte(text[i:], '"')
		if n < 0 {
			return -1
		}
		i += n
		escapes := 0
		for j := i - 1; j >= 0 && text[j] == '\\'; j-- {
			escapes++
		}
		if escapes%2 == 0 {
			return i
		}
	}
}
