const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** What may not stand in a field value: control characters but the tab, and what latin1 cannot write as one byte. */
// Characters above 0xff matter: cut to their low byte, some of them would become CR or LF.
// eslint-disable-next-line no-control-regex
const notInValue = /[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/;

const fieldText = /^(?:[!-~](?:[\t -~]*[!-~])?)?$/;

/** Whether text is a token of HTTP (RFC 9110 section 5.6.2): a method, a header's name, a subprotocol. */
export function isToken(text: string): boolean {
  return token.test(text);
}

/** Whether text can stand as a header's value, or as a reason phrase, without changing what the head means. */
export function isFieldValue(text: string): boolean {
  return !notInValue.test(text);
}

/**
 * Whether text is a field value as it ought to be written (RFC 9110 section 5.5): visible ASCII, with blanks and tabs only
 * inside.
 */
export function isFieldText(text: string): boolean {
  return fieldText.test(text);
}
