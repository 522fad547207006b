import { distance } from "fastest-levenshtein";

/** One mistake is forgiven for each so many letters. */
const LETTERS_PER_MISTAKE = 3;

/** Beginnings of at least so many letters are taken for an abbreviation. */
const MIN_ABBREVIATION = 3;

/**
 * Finds the known word that was most likely meant. Letter case, `_` and `-` do not count as mistakes, and
 * an abbreviation counts as one.
 *
 * @returns the closest known word, the first of equally close ones, or undefined when none is close enough to be meant
 */
export function didYouMean(word: string, words: readonly string[]): string | undefined {
  const wanted = simplify(word);
  let best: string | undefined;
  let bestMistakes = Math.ceil(wanted.length / LETTERS_PER_MISTAKE) + 1;
  for (const candidate of words) {
    const known = simplify(candidate);
    const mistakes = countMistakes(wanted, known);
    // As many mistakes as letters: they have nothing in common.
    if (mistakes < bestMistakes && mistakes < Math.max(wanted.length, known.length)) {
      best = candidate;
      bestMistakes = mistakes;
    }
  }
  return best;
}

function countMistakes(wanted: string, known: string): number {
  const abbreviated = wanted.length >= MIN_ABBREVIATION && known.startsWith(wanted) && known !== wanted;
  return abbreviated ? 1 : distance(wanted, known);
}

function simplify(word: string): string {
  return word.toLowerCase().replaceAll(/[-_\s]/g, "");
}
