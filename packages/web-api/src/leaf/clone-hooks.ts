/**
 * What cloning knows of platform objects: each file that defines a cloneable interface fills in its own part when it is
 * evaluated. Before that nobody has an instance, and cloning need not evaluate it.
 */
export interface CloneHooks {
  isBlob: (value: object) => boolean;
  cloneBlob: (value: object) => object;
  isCryptoKey: (value: object) => boolean;
  cloneCryptoKey: (value: object) => object;
  isDOMException: (value: object) => boolean;
  cloneDOMException: (value: object) => object;
  isPort: (value: object) => boolean;
  /** Takes the port out of its object; what is answered, `makePort` makes an object of. */
  takePort: (value: object) => object;
  makePort: (taken: object) => object;
  isStream: (value: object) => boolean;
  /** @throws DOMException where the stream cannot be transferred now */
  checkStream: (value: object) => void;
  /** Locks the stream; what is answered, `makeStream` makes a stream of. */
  takeStream: (value: object) => object;
  makeStream: (taken: object) => object;
}

const no = (): boolean => false;
const same = (value: object): object => value;

export const cloneHooks: CloneHooks = {
  isBlob: no,
  cloneBlob: same,
  isCryptoKey: no,
  cloneCryptoKey: same,
  isDOMException: no,
  cloneDOMException: same,
  isPort: no,
  takePort: same,
  makePort: same,
  isStream: no,
  checkStream: same,
  takeStream: same,
  makeStream: same,
};
