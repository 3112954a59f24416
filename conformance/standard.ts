export const standard = '';
