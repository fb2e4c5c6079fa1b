<!DOCTYPE html>
<html lang="ja">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:">
<link rel="icon" href="data:,">
<title>$title</title>
<style>
  html { color: #1f2328; background: #f6f7f9; }
  body { max-width: 1080px; margin: 0 auto; padding: 24px 40px 48px; background: #fff; font: 15px/1.75 "Yu Gothic UI", "Yu Gothic", Meiryo, "Hiragino Sans", "Noto Sans CJK JP", sans-serif; }
  h1 { font-size: 26px; line-height: 1.4; margin: 8px 0 16px; border-bottom: 3px solid #2f5d8a; padding-bottom: 8px; }
  h2 { font-size: 20px; margin: 40px 0 8px; border-left: 6px solid #2f5d8a; padding-left: 10px; line-height: 1.4; }
  h3 { font-size: 16px; margin: 20px 0 6px; }
  p { margin: 8px 0; }
  table { border-collapse: collapse; font-size: 13px; line-height: 1.45; font-variant-numeric: tabular-nums; margin: 8px 0; }
  th, td { border: 1px solid #c9d1d9; padding: 4px 9px; }
  th { background: #e8eff6; font-weight: 600; }
  tbody tr:nth-child(even) td { background: #f9fafb; }
  .wb-rows { max-height: 560px; overflow: auto; width: fit-content; max-width: 100%; }
  .wb-rows table { margin: 0; border-collapse: separate; border-spacing: 0; border-top: 1px solid #c9d1d9; border-left: 1px solid #c9d1d9; }
  .wb-rows th, .wb-rows td { border-width: 0 1px 1px 0; }
  .wb-rows thead th { position: sticky; top: 0; }
  .wb-cover th { text-align: left; white-space: nowrap; font-weight: 600; }
  .wb-label { display: inline-block; margin: 0 0 8px; padding: 2px 12px; border: 2px solid #9c0006; color: #9c0006; font-weight: 700; }
  .wb-warning { color: #9c0006; font-weight: 600; }
  .wb-definition { display: grid; grid-template-columns: max-content 1fr; gap: 0 16px; margin: 6px 0 20px; font-size: 12px; line-height: 1.6; color: #57606a; }
  .wb-definition dt { font-weight: 600; }
  .wb-definition dd { margin: 0; }
  pre { white-space: pre-wrap; font-size: 12px; background: #f6f7f9; padding: 8px 12px; }
  footer { margin-top: 48px; border-top: 1px solid #c9d1d9; padding-top: 8px; font-size: 12px; color: #57606a; }
  @media print {
    @page { size: A4 landscape; margin: 12mm; }
    html, body { background: #fff; }
    body { max-width: none; padding: 0; font-size: 11px; }
    table { font-size: 10px; }
    .wb-rows { max-height: none; overflow: visible; }
    h2, h3 { break-after: avoid; }
    tr, .plotly-graph-div { break-inside: avoid; }
  }
</style>
</head>
<body>
<main>
$body
</main>
<footer>$title　$label</footer>
</body>
</html>
