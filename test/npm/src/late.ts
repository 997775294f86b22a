export const late = (text: string): string => text.toUpperCase();
