/** @throws Error when the text of an option is no whole number from 1 to `max` */
export function wholeNumber(name: string, text: string, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= max) return value;
  throw new Error(`${name} is "${text}"; a number from 1 to ${max} is needed`);
}
