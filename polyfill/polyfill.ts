import './script.ts';
