import SyncCore
import Testing

@testable import Presentation

/// What scripts and spreadsheets get.
struct ReportDataTests {
  @Test func csvInChinese() {
    #expect(
      ReportCSV.text(ReportSample.small, .zh) == #"""
        各县
        县区,应税销售（万元）,完成率（%）,平均用时（天）,结论
        宝应县,12345.6789,50,12,达标
        "'=A, ""B""",*,125,3.5,未达标
        ,-0.505,,,待定
        * 少于3家企业，不予公布

        名录
        企业名称
        没有记录

        """#)
  }

  @Test func csvInEnglish() {
    #expect(
      ReportCSV.text(ReportSample.small, .en) == #"""
        By county
        County,"Taxable sales (10,000 yuan)",Share done (%),Mean wait (days),Verdict
        Baoying,12345.6789,50,12,met
        "'=A, ""B""",*,125,3.5,not met
        ,-0.505,,,open
        "* fewer than three enterprises, not published"

        Register
        Name
        nothing on record

        """#)
  }

  @Test(
    arguments: [
      (.text("=1+1"), .none, "'=1+1"), (.text("+86"), .none, "'+86"), (.text("-x"), .none, "'-x"),
      (.text("@x"), .none, "'@x"), (.label(Label(zh: "", en: "=x")), .none, "'=x"), (.integer(-5), .none, "-5"),
      (.real(-0.25), .none, "-0.25"), (.real(.nan), .none, ""), (.real(.infinity), .wan, ""),
      (.real(.nan), .percent, ""),
      (.real(15_000), .wan, "1.5"), (.real(1e30), .yi, "1e+22"), (.integer(2), .percent, "200"),
      (.verdict(nil, Label(zh: "", en: "=y")), .none, "'=y"),
    ] as [(Report.Cell, Report.Unit, String)])
  func csvCells(cell: Report.Cell, unit: Report.Unit, expected: String) {
    let columns = [Report.Column("a", ReportSample.label("甲", "A"), unit: unit), ReportSample.county]
    let section = Report.Section("s", ReportSample.label("表", "Table"), columns: columns, rows: [[cell, .text("x")]])
    let report = Report(name: "r", title: ReportSample.label("报告", "Report"), sections: [section])
    let line = ReportCSV.text(report, .en).split(separator: "\n").last
    #expect(line.map(String.init) == expected + ",x")
  }

  @Test func json() {
    var report = ReportSample.small
    report.sections[0].rows.removeFirst()
    #expect(
      ReportJSON.json(report, .en).text() == """
        {
          "report": "progress",
          "title": {
            "zh": "县区进度",
            "en": "County progress"
          },
          "notes": [
            {
              "zh": "截至2025年9月30日",
              "en": "As of 2025-09-30"
            }
          ],
          "sections": {
            "counties": {
              "title": {
                "zh": "各县",
                "en": "By county"
              },
              "notes": [
                {
                  "zh": "按属地统计",
                  "en": "Counted by place"
                }
              ],
              "rows": [
                {
                  "county": "=A, \\"B\\"",
                  "sales": null,
                  "share": 1.25,
                  "wait": 3.5,
                  "verdict": {
                    "ok": false,
                    "text": "not met"
                  },
                  "suppressed": [
                    "sales"
                  ]
                },
                {
                  "county": null,
                  "sales": -5050,
                  "share": null,
                  "wait": null,
                  "verdict": {
                    "ok": null,
                    "text": "open"
                  }
                }
              ]
            },
            "none": {
              "title": {
                "zh": "名录",
                "en": "Register"
              },
              "notes": [],
              "rows": []
            }
          }
        }
        """)
  }

  @Test func jsonHoldsYuanAndTheLanguagesLabels() {
    let zh = ReportJSON.json(ReportSample.small, .zh).text()
    #expect(zh.contains("\"county\": \"宝应县\""))
    #expect(zh.contains("\"sales\": 123456789"))
    #expect(zh.contains("\"text\": \"达标\""))
  }
}
