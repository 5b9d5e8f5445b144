"""Files in `tests/files` that cannot be imported, and the sentence that each must give."""

UTF_16 = (
    "This looks like UTF-16 without a byte order mark: only every second byte is ever zero. Say --encoding {} if it is."
)
NOT_UTF_8 = "The file is not UTF-8: line {} has the byte {}. Read {}. Say which it is, such as --encoding cp1252."
WEB_PAGE = (
    "This is HTML or XML, as some programs call .xls: open it in a spreadsheet program and save it as .xlsx or as CSV."
)
JSON = "This is JSON: send it to `POST /v1/plans/PLAN/commands`."
OTHER_ARCHIVE = "This is {}, and no .xlsx. Save its table as .xlsx, or as CSV."
BOTH_READ = "“{}” and “{}” are both read into {}. Rename or delete one, or leave it out (--ignore '{}')."
REFUSED: dict[str, str] = {
    # CSV
    "empty.csv": "The file is empty. Its first row must name the columns.",
    "only-a-header.csv": "There is no row below the names of the columns.",
    "unclear-delimiter.csv": "The columns may be separated by comma and semicolon. Say which by --delimiter.",
    "ends-inside-a-quote.csv": (
        "Row 3 (line 3) begins a quote that is never closed, so the rest of the file would be one cell. Close it, or"
        " write a quote inside of a quoted cell twice."
    ),
    "ends-with-a-quote.csv": (
        "Row 2 (line 2) begins a quote that is never closed, so the rest of the file would be one cell. Close it, or"
        " write a quote inside of a quoted cell twice."
    ),
    "text-after-a-quote.csv": (
        "Row 2 (line 2) goes on after a closing quote. Write a quote inside of a quoted cell twice, and a delimiter"
        " after the closing one."
    ),
    "cp1252.csv": NOT_UTF_8.format(
        2,
        "0xEB",
        "as cp1252 “Zoë Müller,COO,executive”; as mac_roman “ZoÎ M¸ller,COO,executive”; as cp850"
        " “ZoÙ M³ller,COO,executive”",
    ),
    "mixed-encodings.csv": NOT_UTF_8.format(
        3,
        "0xFC",
        "as cp1252 “Müller,CIO,executive”; as mac_roman “M¸ller,CIO,executive”; as cp850 “M³ller,CIO,executive”",
    ),
    "utf-16-le-without-mark.csv": UTF_16.format("utf-16-le"),
    "utf-16-be-without-mark.csv": UTF_16.format("utf-16-be"),
    "utf-16-of-other-scripts-without-mark.csv": UTF_16.format("utf-16-le"),
    "zero-bytes.csv": (
        "Row 3 (line 3) holds a zero byte: the file is damaged, or in UTF-16. Save it again as CSV in UTF-8."
    ),
    "workbook-called.csv": "This is a workbook, or another archive: import it by `plantrail import xlsx`.",
    "old-workbook-called.csv": "This is an old .xls file: save it as .xlsx or as CSV.",
    "web-page-called.csv": WEB_PAGE,
    "web-page-after-blanks-called.csv": WEB_PAGE,
    "json-called.csv": JSON,
    "json-in-lines-called.csv": JSON,
    "gzip-called.csv": "This is a file packed by gzip: unpack it first.",
    "rtf-called.csv": "This is a text with fonts (RTF): save its table as CSV.",
    "picture-called.csv": "This is no text, but the file of some program, or damaged: save it as CSV in UTF-8.",
    "title-above.csv": (
        "The first row names one column alone, “Contacts of March”, which is no field of stakeholders. If it is a"
        " title, delete it: the first row must name the columns. If another sign separates them, say which by"
        " --delimiter."
    ),
    "duplicate-header.csv": "Columns 1 and 3 (A and C) are both called “Name”. Rename or delete one.",
    "headers-alike.csv": BOTH_READ.format("Name", "name", "name", "name"),
    "headers-of-one-field.csv": BOTH_READ.format("E-Mail", "email", "email", "email"),
    "blank-header.csv": "Column 2 (B) has no name in the first row. Name it, or delete it.",
    "unknown-header.csv": (
        "The column “Titel” is no field of stakeholders. Did you mean title? Rename it, leave it out (--ignore"
        " 'Titel'), or say by a mapping (--map) what each column is."
    ),
    "missing-column.csv": (
        "No column is read into level, which every row needs. Add the column, or give all rows the same: --set level=…"
    ),
    "unclear-days.csv": (
        "The column “Due on” holds “03/04/2026”, which may mean 2026-04-03 (--dates dmy) or 2026-03-04 (--dates mdy)."
        " Say which."
    ),
    "mixed-days.csv": (
        "The column “Due on” holds days that are written in different ways. Write them alike, or say --dates for those"
        " that count; the others are refused row by row."
    ),
    "unclear-amounts.csv": (
        "The column “Amount” holds “1.234”, which may mean 1.234 (--decimal point) or 1234 (--decimal comma). Say"
        " which."
    ),
    # XLSX
    "two-sheets.xlsx": "The workbook has 2 sheets: “Contacts”, “Notes”. Say which by --sheet.",
    "empty.xlsx": "The file is empty. Its first row must name the columns.",
    "duplicate-header.xlsx": "Columns 1 and 3 (A and C) are both called “Name”. Rename or delete one.",
    "blank-header.xlsx": "Column 2 (B) has no name in the first row. Name it, or delete it.",
    "formula-without-result.xlsx": (
        "B2 holds a formula whose result was not saved with it. Open the workbook in a spreadsheet program, save it,"
        " and try again."
    ),
    "error-of-a-formula.xlsx": "B2 holds #DIV/0!, the error of a formula. Mend the formula, or empty the cell.",
    "opposite-corners.xlsx": (
        "The sheet reaches to column 16,384 and row 1,048,576, 17,179,869,184 cells; 5,000,000 are the most. Delete"
        " what is beside and below the table, or save it as CSV."
    ),
    "archive-with-a-password.xlsx": "The workbook is locked by a password. Save it without one.",
    "old-workbook-called.xlsx": (
        "This is an old .xls file, or one with a password. Save it as .xlsx, without a password."
    ),
    "cut-short.xlsx": "This is no XLSX workbook, or a damaged one. Save it again as .xlsx, or as CSV.",
    "csv-called.xlsx": "This is text, and no workbook. If it is CSV, import it by `plantrail import csv`.",
    "opendocument-called.xlsx": OTHER_ARCHIVE.format("an OpenDocument, such as LibreOffice saves as .ods"),
    "binary-workbook-called.xlsx": OTHER_ARCHIVE.format("a binary workbook (.xlsb)"),
    "word-called.xlsx": OTHER_ARCHIVE.format("a document of Word"),
}  # fmt: skip
KIND_OF = {"unclear-days.csv": "actions", "mixed-days.csv": "actions", "unclear-amounts.csv": "opportunities"}
"""What the rows of a file are, where they are not stakeholders."""
