/// How a page looks on a screen and on paper.
enum ReportStyle {
  /// On one line, and without a character that HTML would escape.
  static let css = (screen + print).split(separator: "\n").joined(separator: " ")

  // Verdicts also differ by their mark, bars by their place: nothing is said by colour alone.
  private static let screen = """
    :root{color-scheme:light}
    *{box-sizing:border-box}
    body{margin:0;background:#fff;color:#1a1a1a;
    font:15px/1.6 system-ui,-apple-system,Segoe UI,Roboto,Noto Sans,Noto Sans CJK SC,Source Han Sans SC,
    Microsoft YaHei,PingFang SC,sans-serif}
    main{max-width:1080px;margin:0 auto;padding:32px 24px 64px}
    header{border-bottom:2px solid #1f4e79;padding-bottom:12px;margin-bottom:28px}
    h1{font-size:26px;line-height:1.3;margin:0 0 8px;color:#12344f}
    h2{font-size:19px;line-height:1.35;margin:36px 0 8px;color:#12344f}
    .note,.foot{margin:2px 0;color:#4a4a4a;font-size:13px;max-width:80ch}
    .empty{margin:8px 0;color:#4a4a4a}
    .scroll{overflow-x:auto;margin-top:12px}
    table{border-collapse:collapse;font-size:13.5px;line-height:1.45;min-width:50%}
    caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
    th,td{padding:5px 12px;text-align:left;vertical-align:top;border-bottom:1px solid #d9d9d9}
    thead th{vertical-align:bottom;font-weight:600;background:#eef2f6;border-bottom:1.5px solid #5a6b7b}
    tbody th{font-weight:400}
    .number,.short,.unit,.good,.bad,.open{white-space:nowrap}
    thead .number{white-space:normal}
    .long{min-width:13em}
    .number{text-align:right;font-variant-numeric:tabular-nums}
    .bar{background:linear-gradient(#d5e3f2,#d5e3f2) no-repeat left}
    .good{color:#0b5f2a}.bad{color:#a3160e;font-weight:600}.open{color:#5f4a00}
    .wide .long{min-width:9em}
    .dense th,.dense td{padding:4px 7px;font-size:12.5px}
    figure{margin:14px 0 20px}
    figcaption{font-weight:600;font-size:14px;margin-bottom:4px}
    svg{display:block;width:100%;max-width:760px;height:auto}
    svg text{font-family:inherit;fill:#1a1a1a}
    """

  private static let print = """

    @page{size:A4;margin:16mm 14mm}
    @page across{size:A4 landscape;margin:14mm}
    @media print{
    *{print-color-adjust:exact;-webkit-print-color-adjust:exact}
    body{font-size:10pt;line-height:1.45;color:#000}
    main{max-width:none;padding:0}
    .wide{page:across}
    .scroll{overflow:visible}
    h1{font-size:18pt}h2{font-size:13pt;margin-top:18pt}
    h1,h2,.note,figcaption{break-after:avoid}
    table{font-size:9pt}th,td{padding:3px 8px}
    .wide table{font-size:8.5pt}.wide th,.wide td{padding:3px 7px}
    .dense th,.dense td{padding:2px 4px;font-size:7pt}
    .dense thead th{overflow-wrap:anywhere;hyphens:auto}
    thead{display:table-header-group}
    tr,svg{break-inside:avoid}
    .foot{break-before:avoid}
    }
    """
}
